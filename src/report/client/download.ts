/** Hands the embedded data to the reader as a file. */

interface RawData {
  readonly name: string;
  readonly sha256: string;
  readonly gzipBase64: string;
}

/** Shows the download button where the browser can unpack the data. */
export function offerDownload(embedded: unknown): void {
  const raw = embedded as RawData;
  const button = document.getElementById('download');
  const note = document.getElementById('download-note');
  if (button === null || note === null || typeof DecompressionStream === 'undefined') return;
  if (button.parentElement !== null) button.parentElement.hidden = false;
  button.addEventListener('click', () => {
    unpack(raw.gzipBase64).then(
      (json) => {
        save(json, raw.name);
        note.textContent = `Saved as ${raw.name}`;
      },
      (reason: unknown) => {
        note.textContent = `The data could not be unpacked: ${String(reason)}`;
      },
    );
  });
}

async function unpack(base64: string): Promise<Blob> {
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(stream).blob();
}

/** Hands a file to the browser to keep. */
export function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads the blob after the click returns.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
