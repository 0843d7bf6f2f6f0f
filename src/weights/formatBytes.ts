/** A size for people, in decimal units as disks and the Hub count: 2.8 GB. */
export function formatBytes(bytes: number): string {
  const unit = [1, 1e3, 1e6, 1e9].findLastIndex((size) => bytes >= size);
  return unit <= 0 ? `${bytes} B` : `${(bytes / 1e3 ** unit).toFixed(1)} ${['B', 'kB', 'MB', 'GB'][unit]}`;
}
