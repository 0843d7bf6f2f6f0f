import { ensure, TokenTrimError } from '../errors.js';

/** What the interpreter pretends to be. */
export interface InterpreterOptions {
  /** Lanes of a subgroup, a power of two from 4 to 128; 0 for none. */
  readonly subgroups?: number;
  /** What kernels are told that the largest subgroup may have; as many where absent. */
  readonly largest?: number;
  /** Matrices that a subgroup multiplies as one. */
  readonly matrices?: 'f32' | 'f16';
  /** Of the order in which invocations run between two barriers; 0 is ascending. */
  readonly seed?: number;
}

const EXAMPLE = '`adapter` "interpreter,subgroups=8,matrices=f16,seed=0"';
const SIZES = [0, 4, 8, 16, 32, 64, 128];

/**
 * Reads `interpreter` or `interpreter,subgroups=8,…`; undefined where another adapter is asked for.
 * @throws TokenTrimError for options that there are not
 */
export function parseInterpreter(adapter: string | undefined): InterpreterOptions | undefined {
  const [name, ...settings] = (adapter ?? '').trim().toLowerCase().split(',');
  if (name.trim() !== 'interpreter') return undefined;
  const found: { -readonly [Name in keyof InterpreterOptions]: InterpreterOptions[Name] } = {};
  for (const setting of settings) {
    const [key, value = ''] = setting.split('=').map((part) => part.trim());
    if (key === 'subgroups' || key === 'largest') found[key] = sizeOf(key, value);
    else if (key === 'matrices') found.matrices = matricesOf(value);
    else if (key === 'seed') found.seed = seedOf(value);
    else throw new TokenTrimError(`adapter: the interpreter has no option "${setting}", as in ${EXAMPLE}`);
  }
  const { subgroups = 0, largest = subgroups, matrices } = found;
  ensure(largest >= subgroups, `adapter: \`largest\` ${largest} is less than \`subgroups\` ${subgroups}`);
  ensure(!matrices || subgroups > 0, `adapter: \`matrices\` are a subgroup's, so give \`subgroups\`: ${EXAMPLE}`);
  return found;
}

function sizeOf(key: string, value: string): number {
  const size = SIZES.find((one) => String(one) === value);
  ensure(size !== undefined, `adapter: expected ${SIZES.join(', ')} for \`${key}\`, found "${value}"`);
  return size;
}

function matricesOf(value: string): 'f32' | 'f16' {
  ensure(value === 'f32' || value === 'f16', `adapter: expected f32 or f16 for \`matrices\`, found "${value}"`);
  return value;
}

function seedOf(value: string): number {
  ensure(/^\d{1,9}$/.test(value), `adapter: expected a whole number for \`seed\`, found "${value}"`);
  return Number(value);
}
