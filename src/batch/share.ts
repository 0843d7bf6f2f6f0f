import { ensure } from '../errors.js';

/** One of several equal parts of a list, from 1. */
export interface Share {
  readonly index: number;
  readonly count: number;
}

/** Every `count`-th item, so that each share has items of all kinds. */
export function shareOf<Item>(items: readonly Item[], { index, count }: Share): Item[] {
  return items.filter((_, place) => place % count === index - 1);
}

/** A share, and what said so. */
export interface ChosenShare extends Share {
  readonly why: string;
}

/** What the environment is asked for where an index comes without the number of shares. */
export const SHARES_VARIABLE = 'TOKENTRIM_SHARDS';

type Environment = Readonly<Record<string, string | undefined>>;

/** A part of what the level above has: tasks of a Slurm array may have several processes each. */
interface Level {
  /** From 0. */
  readonly place: number;
  readonly count: number;
  readonly name: string;
}

/**
 * The share of this process: what is given, else what the environment says of the tasks that a scheduler has started:
 * a Slurm array and the processes of a step, a Kubernetes indexed job, GNU parallel. The latter two say which one this is
 * and not of how many: `TOKENTRIM_SHARDS` does.
 * @returns undefined where nothing says anything of shares
 * @throws TokenTrimError where the environment contradicts itself
 */
export function chooseShare(given: Share | undefined, environment: Environment): ChosenShare | undefined {
  if (given) return { ...given, why: '`shard`' };
  const levels = [slurmArray(environment), slurmStep(environment), indexed(environment)].filter((level) => level);
  if (levels.length === 0) return undefined;
  let [place, count] = [0, 1];
  for (const level of levels as Level[]) {
    ensure(
      level.place >= 0 && level.place < level.count,
      `${level.name} is none of ${level.count}: say which share this process has, with \`shard\``,
    );
    place = place * level.count + level.place;
    count *= level.count;
  }
  return { index: place + 1, count, why: (levels as Level[]).map(({ name }) => name).join(', ') };
}

/** Source: Slurm's sbatch(1), OUTPUT ENVIRONMENT VARIABLES. */
function slurmArray(environment: Environment): Level | undefined {
  const id = wholeNumber(environment, 'SLURM_ARRAY_TASK_ID');
  if (id === undefined) return undefined;
  const number = (name: string) => wholeNumber(environment, `SLURM_ARRAY_TASK_${name}`);
  const [first = 0, last = id, count = 1, step = 1] = ['MIN', 'MAX', 'COUNT', 'STEP'].map(number);
  const place = (id - first) / step;
  const range = `task ${id} of the Slurm array ${first}-${last}${step === 1 ? '' : `:${step}`}`;
  ensure(
    Number.isInteger(place) && (last - first) / step === count - 1,
    `${range} has gaps, which leave open which share that is: use a range such as 0-7, or \`shard\``,
  );
  return { place, count, name: range };
}

/** Source: Slurm's srun(1), OUTPUT ENVIRONMENT VARIABLES; a script that no srun starts has no number of tasks of a step. */
function slurmStep(environment: Environment): Level | undefined {
  const count = wholeNumber(environment, 'SLURM_STEP_NUM_TASKS');
  const place = wholeNumber(environment, 'SLURM_PROCID');
  if (count === undefined || count === 1 || place === undefined) return undefined;
  return { place, count, name: `process ${place} of a Slurm step of ${count}` };
}

/**
 * Source: kubernetes.io/docs/concepts/workloads/controllers/job, Completion mode; GNU parallel's man page, ENVIRONMENT
 * VARIABLES.
 */
function indexed(environment: Environment): Level | undefined {
  const completion = wholeNumber(environment, 'JOB_COMPLETION_INDEX');
  const sequence = wholeNumber(environment, 'PARALLEL_SEQ');
  const count = wholeNumber(environment, SHARES_VARIABLE);
  if (count === undefined) return undefined;
  if (completion !== undefined) return { place: completion, count, name: `JOB_COMPLETION_INDEX ${completion}` };
  if (sequence !== undefined) return { place: sequence - 1, count, name: `PARALLEL_SEQ ${sequence}` };
  return undefined;
}

/** @throws TokenTrimError where a variable is set to something else */
function wholeNumber(environment: Environment, name: string): number | undefined {
  const text = environment[name];
  if (text === undefined || text === '') return undefined;
  ensure(/^\d{1,9}$/.test(text), () => `${name}: expected a whole number, found ${JSON.stringify(text)}: unset it`);
  return Number(text);
}
