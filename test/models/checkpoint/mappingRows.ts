import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Network } from '../../../src/models/wan/checkpoint/names.js';

const PARTS: Record<string, Network> = { dit: 'transformer', vae: 'vae', t5: 'text-encoder' };

interface Row {
  part: Network;
  official: string;
  hf: string;
  shape: number[];
}

/** Every tensor of Wan2.1-T2V-1.3B under both names, from the official module trees and diffusers' own conversion. */
export const ROWS: Row[] = gunzipSync(
  readFileSync(new URL('../../weights/fixtures/key-mapping.tsv.gz', import.meta.url)),
)
  .toString('utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t'))
  .map(([part, official, hf, shape]) => ({ part: PARTS[part], official, hf, shape: shape.split('x').map(Number) }));

export const rowsOf = (part: Network) => ROWS.filter((row) => row.part === part);
export const EACH_PART: readonly Network[] = ['transformer', 'vae', 'text-encoder'];
