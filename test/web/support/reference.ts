import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import sharp from 'sharp';

/** Steps of 255 in a channel from which a pixel counts as another: edges of letters differ by less. */
const STEPS = 48;

/** How many pixels of a screenshot are not those of the reference; with TOKENTRIM_REFERENCES=write it becomes that. */
export async function compareToReference(shot: Buffer, name: string): Promise<{ differing: number; pixels: number }> {
  const path = resolve(import.meta.dirname, '../references', name);
  if (process.env.TOKENTRIM_REFERENCES === 'write') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await sharp(shot).png({ palette: true, effort: 10 }).toBuffer());
  }
  const [one, other] = await Promise.all([shot, path].map((image) => sharp(image).removeAlpha().raw().toBuffer()));
  if (one.length !== other.length) return { differing: 1, pixels: 1 };
  let differing = 0;
  for (let pixel = 0; pixel < one.length; pixel += 3) {
    const steps = [0, 1, 2].map((channel) => Math.abs(one[pixel + channel] - other[pixel + channel]));
    if (Math.max(...steps) > STEPS) differing++;
  }
  return { differing, pixels: one.length / 3 };
}
