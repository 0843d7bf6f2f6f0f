// How what is found in files is shown to people.

/** A name out of a file, made safe for a terminal: quoted, control characters escaped, at most 80 characters. */
export function quote(name: unknown): string {
  const text = JSON.stringify(name) ?? String(name);
  const safe = text.replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return safe.length <= 80 ? safe : `${safe.slice(0, 77)}...`;
}

/** The first few of a list, quoted, and how many more there are. */
export function quoteSome(names: readonly string[], atMost = 5): string {
  const rest = names.length - atMost;
  return names.slice(0, atMost).map(quote).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** A size for people, in decimal units as disks and the Hub count: 2.8 GB. */
export function formatBytes(bytes: number): string {
  const unit = [1, 1e3, 1e6, 1e9].findLastIndex((size) => bytes >= size);
  return unit <= 0 ? `${bytes} B` : `${(bytes / 1e3 ** unit).toFixed(1)} ${['B', 'kB', 'MB', 'GB'][unit]}`;
}
