/** "did you mean": the known word nearest to one that is not known. */

/**
 * Number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`: the optimal string
 * alignment distance (Damerau 1964, restricted to one edit per place).
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The known word that `word` most likely stands for, or null when none is near: at most a third of it may differ. */
export function nearest(word: string, known: readonly string[]): string | null {
  if (word.length > 60) return null;
  const plain = (text: string) => text.toLowerCase().replace(/[-_ ]/g, '');
  let best: { readonly word: string; readonly distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(plain(word), plain(candidate));
    const allowed = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (distance <= allowed && (best === null || distance < best.distance))
      best = { word: candidate, distance };
  }
  return best?.word ?? null;
}

/** "; did you mean `x`?" or "; known here: `a`, `b`", to be put after "unknown …". */
export function mendUnknown(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === null
    ? `; known here: ${known.map((one) => `\`${one}\``).join(', ')}`
    : `; did you mean \`${near}\`?`;
}
