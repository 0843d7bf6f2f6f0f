import * as z from 'zod';

// The fields of option schemas. Each has one rule, which is told whatever is wrong: "must be ..., found ...". `checkOptions`
// puts the option's name before a rule that begins with must; any other is a sentence of its own.

/** A number within the range that the rule says. Neither NaN nor infinity is one: `kind` is the rule that they break. */
export function number(
  rule: string,
  isAllowed: (value: number) => boolean = () => true,
  kind: string = rule,
): z.ZodType<number> {
  return z.number(saying(kind)).refine(isAllowed, saying(rule));
}

/** A number whose range is checked where its meaning is known, in words of its own. */
export const someNumber: z.ZodType<number> = z.custom<number>(
  (value) => typeof value === 'number',
  saying('must be a number'),
);

/** A whole number of `least` or more. */
export function count(least: number): z.ZodType<number> {
  return number(`must be a whole number of ${least} or more`, (value) => Number.isSafeInteger(value) && value >= least);
}

export const text: z.ZodType<string> = z.string(saying('must be text'));
export const flag: z.ZodType<boolean> = z.boolean(saying('must be true or false'));

/** One of several names. */
export function oneOf<const Name extends string>(names: readonly Name[]): z.ZodType<Name> {
  return z.enum(names as readonly [Name, ...Name[]], saying(`must be one of ${names.join(', ')}`));
}

/** A value that `isAllowed` knows. */
export function value<Value>(rule: string, isAllowed: (value: unknown) => boolean): z.ZodType<Value> {
  return z.custom<Value>(isAllowed, saying(rule));
}

/** A function, which is called with what its type says. */
export function callback<Callback>(): z.ZodType<Callback> {
  return value('must be a function', (given) => typeof given === 'function');
}

/** Either a value by itself, which `isAlone` knows, or what the schema says; whose issues are told, and not the choice's. */
export function alone<Alone, Options>(
  isAlone: (value: unknown) => value is Alone,
  rule: string,
  schema: z.ZodType<Options>,
): z.ZodType<Alone | Options> {
  return z.any().check((context) => {
    const { value: given, issues } = context;
    if (isAlone(given)) return;
    if (typeof given !== 'object' || given === null) {
      issues.push({ code: 'custom', message: `${rule}, found ${show(given)}`, input: given });
      return;
    }
    const result = schema.safeParse(given);
    for (const issue of result.error?.issues ?? []) issues.push({ ...issue, input: given } as (typeof issues)[number]);
  });
}

/** A value in a message: short, and safe for a terminal. */
export function show(given: unknown): string {
  if (given === undefined) return 'nothing';
  if (typeof given === 'function') return 'a function';
  if (typeof given === 'bigint') return `${given}n`;
  if (Array.isArray(given)) {
    const isShort = given.length <= 8 && !given.some(Array.isArray);
    return isShort ? `[${given.map(show).join(', ')}]` : `an array of ${given.length}`;
  }
  // Of data, `constructor` may be a field like any other.
  if (typeof given === 'object' && given !== null)
    return `an object (${Object.getPrototypeOf(given)?.constructor?.name ?? 'no class'})`;
  const shown = typeof given === 'string' ? JSON.stringify(given) : String(given);
  return shown.length <= 60 ? shown : `${shown.slice(0, 57)}...`;
}

function saying(rule: string) {
  return { error: (issue: { readonly input?: unknown }) => `${rule}, found ${show(issue.input)}` };
}
