import * as z from 'zod';
import { ensure, TokenTrimError } from '../errors.js';
import { show } from './fields.js';
import { nearestName } from './nearestName.js';

/** A field for every option: the schema and the type cannot gain, lose or widen one without the other. */
type Fields<Options> = { readonly [Name in keyof Required<Options>]: z.ZodType<Options[Name]> };

/** `never` for a field whose schema lets through less than its option's type says. */
type Exact<Options, Shape> = {
  readonly [Name in keyof Shape]: Name extends keyof Options
    ? [Options[Name]] extends [z.output<Shape[Name]>]
      ? Shape[Name]
      : never
    : never;
};

/** The schema of an options type: its fields and no others. `optionsOf<Options>()({ field: ..., })`. */
export function optionsOf<Options extends object>() {
  return <Shape extends Fields<Options>>(shape: Shape & Exact<Options, Shape>): z.ZodType<Options> => {
    const names = Object.keys(shape);
    const schema = z.strictObject(shape, {
      error: (issue) =>
        issue.code === 'unrecognized_keys'
          ? suggestions(issue.keys as string[], names)
          : `must be an object of options (${names.join(', ')}), found ${show(issue.input)}`,
    });
    return schema as unknown as z.ZodType<Options>;
  };
}

/**
 * Refuses options that are misspelt, of another type or out of range. A value that is undefined counts as absent.
 * @param what the options are of: the function's name
 * @param passedOver further options that may stand there and are not looked at
 * @throws TokenTrimError naming the option, what it may be and what was found
 */
export function checkOptions<Options>(
  what: string,
  schema: z.ZodType<Options>,
  options: unknown,
  passedOver: readonly string[] = [],
): asserts options is Options {
  const result = schema.safeParse(passedOver.length > 0 ? without(options, passedOver) : options);
  if (result.success) return;
  const { issues } = result.error;
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  const name = issue.path.reduce<string>(
    (path, part) => (typeof part === 'number' ? `${path}[${part}]` : path ? `${path}.${String(part)}` : String(part)),
    '',
  );
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys.map((key) => `\`${key}\``).join(', ');
    const count = issue.keys.length === 1 ? 'unknown option' : 'unknown options';
    throw new TokenTrimError(`${count} ${unknown} in ${name || what}: ${issue.message}`);
  }
  // A message that is a sentence of its own says all there is to say.
  const isPredicate = issue.message.startsWith('must ');
  const subject = name ? `\`${name}\` of ${what}` : `what ${what} is given`;
  throw new TokenTrimError(isPredicate ? `${subject} ${issue.message}` : issue.message);
}

/** Refuses names that are misspelt; for values that are checked elsewhere. */
export function checkNames(what: string, given: object, names: readonly string[]): void {
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  ensure(unknown.length === 0, () => `unknown option \`${unknown[0]}\` in ${what}: ${suggestions(unknown, names)}`);
}

/** Options over their defaults; one that is undefined counts as absent. */
export function withDefaults<Options extends object>(defaults: Options, options: Partial<Options>): Options {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

/** Refuses an argument that is no text. */
export function checkText(what: string, value: unknown): asserts value is string {
  ensure(typeof value === 'string', () => `${what} must be text, found ${show(value)}`);
}

/** Refuses an argument that is no whole number of at least `least`. */
export function checkCount(what: string, value: unknown, least: number): asserts value is number {
  ensure(
    Number.isSafeInteger(value) && (value as number) >= least,
    () => `${what} must be a whole number of ${least} or more, found ${show(value)}`,
  );
}

/**
 * Refuses what is no list of tokens of a frame.
 * @param what says where the list comes from, to begin the message with
 * @param count tokens of a frame
 * @param hint what to do, to end the message with
 */
export function checkTokens(
  what: string,
  tokens: unknown,
  count: number,
  hint = '',
): asserts tokens is readonly number[] {
  const refuse = (found: string): never => {
    throw new TokenTrimError(
      `${what} must be an array of token indices, whole numbers from 0 to ${count - 1}, each once, found ${found}${hint}`,
    );
  };
  if (!Array.isArray(tokens)) return refuse(show(tokens));
  const seen = new Set<number>();
  for (const [index, token] of tokens.entries()) {
    if (!(Number.isInteger(token) && token >= 0 && token < count)) refuse(`${show(token)} at [${index}]`);
    if (seen.has(token)) refuse(`${token} twice, again at [${index}]`);
    seen.add(token);
  }
}

function suggestions(unknown: readonly string[], names: readonly string[]): string {
  const meant = unknown.map((name) => nearestName(name, names)).filter((name) => name !== undefined);
  const question = meant.length > 0 ? `did you mean ${meant.map((name) => `\`${name}\``).join(', ')}? ` : '';
  return `${question}options are ${names.join(', ')}`;
}

function without(options: unknown, names: readonly string[]): unknown {
  if (typeof options !== 'object' || options === null) return options;
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)));
}
