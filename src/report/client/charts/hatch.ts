const made = new WeakMap<CanvasPattern, { readonly colour: string; readonly paper: string }>();

/** The colours that a fill of this file was made of; undefined for any other. */
export function hatchOf(
  pattern: CanvasPattern,
): { readonly colour: string; readonly paper: string } | undefined {
  return made.get(pattern);
}

/** A fill of slanted lines, for what is not the data plane’s own. */
export function hatched(colour: string, paper: string): CanvasPattern | string {
  const tile = document.createElement('canvas');
  tile.width = 6;
  tile.height = 6;
  const context = tile.getContext('2d');
  if (context === null) return colour;
  context.fillStyle = paper;
  context.fillRect(0, 0, 6, 6);
  context.strokeStyle = colour;
  context.lineWidth = 1.2;
  context.beginPath();
  for (const shift of [-6, 0, 6]) {
    context.moveTo(shift, 6);
    context.lineTo(shift + 6, 0);
  }
  context.stroke();
  const pattern = context.createPattern(tile, 'repeat');
  if (pattern === null) return colour;
  made.set(pattern, { colour, paper });
  return pattern;
}
