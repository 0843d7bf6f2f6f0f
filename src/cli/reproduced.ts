import type { PictureDistance } from '../media/comparePictures.js';
import type { VideoRecord } from './videoRecord.js';

type Verdict = 'same' | 'other' | null;

/** How a video that was made again compares with the first; null where the first does not say. */
export interface Comparison {
  readonly latents: Verdict;
  readonly pictures: Verdict;
  /** The whole file, or every frame's. */
  readonly file: Verdict;
  /** Where pictures differ: by how much, as they come out of both files. */
  readonly distance: PictureDistance | null;
  /** What was not the same in the making, in words. */
  readonly changes: readonly string[];
}

/** What the records of two makings say. */
export function compareRecords(first: VideoRecord, again: VideoRecord): Omit<Comparison, 'file' | 'distance'> {
  const changes: string[] = [];
  const changed = (what: string, before: string, now: string) => {
    if (before !== now) changes.push(`${what}: ${now} in the place of ${before}`);
  };
  const adapterOf = ({ adapter: { name, driver } }: VideoRecord) => (driver ? `${name} (${driver})` : name);
  changed('adapter', adapterOf(first), adapterOf(again));
  changed('program', first.program, again.program);
  changed('kernels', first.kernels.forced ?? 'auto', again.kernels.forced ?? 'auto');
  const names = new Set([...Object.keys(first.kernels.classes), ...Object.keys(again.kernels.classes)]);
  for (const name of [...names].sort()) {
    changed(`kernel ${name}`, first.kernels.classes[name] ?? 'none', again.kernels.classes[name] ?? 'none');
  }
  const isWhole = first.pictures === null || again.pictures === null || first.pictures.frames === again.pictures.frames;
  if (!isWhole) changes.push(`frames: ${again.pictures?.frames} in the place of ${first.pictures?.frames}`);
  const verdict = (before?: { sha256: string } | null, now?: { sha256: string } | null): Verdict =>
    before && now ? (before.sha256 === now.sha256 ? 'same' : 'other') : null;
  return { latents: verdict(first.latents, again.latents), pictures: verdict(first.pictures, again.pictures), changes };
}

/** Pictures as near as this show the same to the eye: what rounds otherwise stays above it (docs/CLI.md). */
const ROUNDING_DB = 40;

/** The outcome for a person, and whether it is what should come out. */
export function outcomeWords(video: string, compared: Comparison): { isGood: boolean; text: string } {
  const { latents, pictures, file, distance, changes } = compared;
  const verdicts = Object.entries({ latents, pictures, file }).filter(([, verdict]) => verdict !== null);
  const [same, other] = ['same', 'other'].map((wanted) =>
    verdicts.filter(([, found]) => found === wanted).map(([name]) => name),
  );
  const isSame = other.length === 0 && same.length > 0;
  const isSameShown = !other.includes('latents') && !other.includes('pictures') && same.length > 0;
  const isNear = distance !== null && (distance.psnr === null || distance.psnr >= ROUNDING_DB) && changes.length > 0;
  const lines = [`${video}: ${headline(isSame, isSameShown, isNear, changes.length > 0)}`];
  if (same.length > 0) lines.push(`  the same to the byte: ${same.join(', ')}`);
  if (other.length > 0) lines.push(`  other bytes: ${other.join(', ')}`);
  if (distance) {
    const { frames, max, mean, psnr } = distance;
    lines.push(
      `  pictures of ${frames} frames, as they come out of the files, differ by ${max} of 255 at most, ${mean.toFixed(3)} in the ` +
        `mean${psnr === null ? '' : ` (PSNR ${psnr.toFixed(1)} dB)`}`,
    );
  }
  lines.push(...changes.map((change) => `  what differs: ${change}`));
  return { isGood: isSame || (isSameShown && changes.length > 0) || isNear, text: `${lines.join('\n')}\n` };
}

function headline(isSame: boolean, isSameShown: boolean, isNear: boolean, hasChanges: boolean): string {
  if (isSame) return 'made again, the same to the byte';
  if (isSameShown) {
    return hasChanges
      ? 'made again, the same video in another file'
      : 'made again, and the file is not the one that was written';
  }
  if (isNear) return 'made again, apart by no more than rounding';
  return hasChanges ? 'what was made is another video' : 'what was made is another video, and nothing says why';
}
