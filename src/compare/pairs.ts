import { ensure } from '../errors.js';
import { vbenchNames } from '../measures/vbenchName.js';
import { sha256 } from '../weights/digestSource.js';

/** A prompt and a seed: what every arm makes a video of, from the same noise. */
export interface Pair {
  /** Such as `a-red-circle-1f0c2ab3-7`: the prompt in short, its digest, the seed. The same in whatever list it stands. */
  readonly name: string;
  readonly prompt: string;
  /** In digits. */
  readonly seed: string;
  /** Of its video, as VBench's scripts look for it (`vbenchNames`): the seed is the index. */
  readonly file: string;
}

const MOST_WORDS = 48;

/**
 * Every prompt with every seed, the seeds of a prompt next to each other.
 * @throws TokenTrimError where one of either stands there twice: two runs of one noise are no two observations
 */
export async function pairsOf(prompts: readonly string[], seeds: readonly string[]): Promise<Pair[]> {
  ensureDistinct('prompt', prompts);
  ensureDistinct('seed', seeds);
  const files = vbenchNames(prompts, seeds.map(Number));
  const named = await Promise.all(prompts.map(async (prompt) => ({ prompt, name: await promptName(prompt) })));
  return named.flatMap(({ prompt, name }, at) =>
    seeds.map((seed, index) => ({ name: `${name}-${seed}`, prompt, seed, file: files[at][index] })),
  );
}

async function promptName(prompt: string): Promise<string> {
  const words = prompt
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MOST_WORDS)
    .replace(/^-+|-+$/g, '');
  const digest = (await sha256(prompt)).slice(0, 8);
  return words === '' ? digest : `${words}-${digest}`;
}

function ensureDistinct(what: string, given: readonly string[]): void {
  const twice = given.find((each, index) => given.indexOf(each) !== index);
  ensure(
    twice === undefined,
    `the ${what} "${twice}" is there twice, and the same run is no second observation: leave one out`,
  );
}
