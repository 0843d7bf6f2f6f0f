const BLOCK = 512;

/** The regular files of a ustar archive by name, as views into `archive`. Long names and links are not needed here. */
export function* readTar(archive: Buffer): Generator<{ name: string; contents: Buffer }> {
  for (let offset = 0; offset + BLOCK <= archive.length; ) {
    const header = archive.subarray(offset, offset + BLOCK);
    const name = field(header, 0, 100);
    if (name === '') return; // two empty blocks end the archive
    const size = Number.parseInt(field(header, 124, 12), 8);
    const type = field(header, 156, 1);
    const start = offset + BLOCK;
    if (!(size >= 0 && start + size <= archive.length)) throw new Error(`tar archive ends inside ${name}`);
    if (type === '0' || type === '') yield { name, contents: archive.subarray(start, start + size) };
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
  }
}

function field(header: Buffer, start: number, length: number): string {
  const bytes = header.subarray(start, start + length);
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? length : end).trim();
}
