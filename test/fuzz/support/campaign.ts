import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beginInput, knownEdges, learned, newWays } from './edges.js';
import { MAX_GROWTH, peakBytes, resetPeak } from './memory.js';
import { mutate } from './mutate.js';
import { MAX_BYTES } from './mutateBytes.js';
import { type Finding, observe } from './observe.js';
import { type Random, randomOf } from './random.js';
import type { FuzzTarget } from './target.js';
import { corpusOf, loadTarget } from './targets.js';

export interface CampaignOptions {
  readonly target: string;
  readonly seconds: number;
  readonly seed: number;
  /** Where inputs that go new ways are kept for the next run, findings, and the input at hand. */
  readonly folder: string;
}

export interface CampaignReport {
  readonly target: string;
  readonly inputs: number;
  readonly kept: number;
  readonly edges: number;
  readonly findings: readonly (Finding & { readonly file: string })[];
}

/** One input in so many is made by grammar. */
const BY_GRAMMAR = 8;
const MOST_FINDINGS = 20;

/** Mutates inputs for some time, and keeps those that take branches which none took before. */
export async function campaign({ target: name, seconds, seed, folder }: CampaignOptions): Promise<CampaignReport> {
  const target = await loadTarget(name);
  const random = randomOf(seed);
  mkdirSync(join(folder, 'queue'), { recursive: true });
  const queue: Uint8Array[] = [];
  const findings = new Map<string, Finding & { file: string }>();
  const current = openSync(join(folder, 'current'), 'w'); // for whoever finds this process hanging
  let inputs = 0;
  let base = resetPeak();

  const tryOne = async (bytes: Uint8Array, isKnown = false) => {
    inputs++;
    writeSync(current, Buffer.concat([Uint8Array.from(Buffer.from(`${bytes.length}\n`)), bytes]), 0, undefined, 0);
    beginInput();
    let found = await observe(target, bytes);
    if (newWays() > 0 || isKnown) {
      if (!isKnown) writeFileSync(join(folder, 'queue', `${seed}-${queue.length}`), bytes);
      queue.push(bytes);
    }
    if (found?.what === 'slow') found = await observe(target, bytes); // the machine has other things to do
    if (peakBytes() > base + MAX_GROWTH) {
      found ??= await growth(target, bytes);
      base = resetPeak();
    }
    if (!found || findings.has(found.what) || findings.size >= MOST_FINDINGS) return;
    const file = join(folder, `finding-${seed}-${findings.size}`);
    writeFileSync(file, bytes);
    findings.set(found.what, { ...found, file });
  };

  for (const bytes of [...(await target.seeds()), ...corpusOf(name)]) await tryOne(bytes, true);
  for (const file of readdirSync(join(folder, 'queue'))) await tryOne(readFileSync(join(folder, 'queue', file)));
  base = resetPeak();
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const drawn = target.grammar && random.below(BY_GRAMMAR) === 0 ? sampleOf(target.grammar, random) : undefined;
    // The latest ones lead further as often as all the others.
    const from = random.below(2) === 0 ? Math.floor(queue.length * 0.75) : 0;
    const known = drawn ?? queue[from + random.below(queue.length - from)];
    await tryOne(drawn && random.below(2) === 0 ? drawn : mutate(target, known, random, queue, learned));
  }
  return { target: name, inputs, kept: queue.length, edges: knownEdges(), findings: [...findings.values()] };
}

function sampleOf(grammar: fc.Arbitrary<Uint8Array>, random: Random): Uint8Array {
  const [bytes] = fc.sample(grammar, { numRuns: 1, seed: random.below(2 ** 31) });
  return bytes.subarray(0, MAX_BYTES);
}

async function growth(target: FuzzTarget, bytes: Uint8Array): Promise<Finding | undefined> {
  const before = resetPeak();
  await observe(target, bytes);
  const grown = peakBytes() - before;
  return grown > MAX_GROWTH
    ? { what: 'memory', detail: `${Math.round(grown / 2 ** 20)} MiB above the baseline` }
    : undefined;
}
