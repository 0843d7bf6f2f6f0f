import * as z from 'zod';

// The fields of option schemas. Each says in one sentence what it must be, whatever is wrong with it: "must be ..., found
// ...", which `checkOptions` puts behind the option's name.

/** A number within a range, which `must` says: "a number above 0". Neither NaN nor infinity is one. */
export function number(must: string, isAllowed: (value: number) => boolean = () => true): z.ZodType<number> {
  return z.number(saying(must)).refine(isAllowed, saying(must));
}

/** A number whose range is checked where its meaning is known, in words of its own. */
export const someNumber: z.ZodType<number> = z.custom<number>((value) => typeof value === 'number', saying('a number'));

/** A whole number of `least` or more. */
export function count(least: number): z.ZodType<number> {
  return number(`a whole number of ${least} or more`, (value) => Number.isSafeInteger(value) && value >= least);
}

export const text: z.ZodType<string> = z.string(saying('text'));
export const flag: z.ZodType<boolean> = z.boolean(saying('true or false'));

/** One of several names. */
export function oneOf<const Name extends string>(names: readonly Name[]): z.ZodType<Name> {
  return z.enum(names as readonly [Name, ...Name[]], saying(`one of ${names.join(', ')}`));
}

/** A value that `isAllowed` knows; `must` says what that is. */
export function value<Value>(must: string, isAllowed: (value: unknown) => boolean): z.ZodType<Value> {
  return z.custom<Value>(isAllowed, saying(must));
}

/** A function, which is called with what its type says. */
export function callback<Callback>(): z.ZodType<Callback> {
  return value('a function', (given) => typeof given === 'function');
}

/** Either a value by itself, which `isAlone` knows, or what the schema says; whose issues are told, and not the choice's. */
export function alone<Alone, Options>(
  isAlone: (value: unknown) => boolean,
  must: string,
  schema: z.ZodType<Options>,
): z.ZodType<Alone | Options> {
  return z.any().check((context) => {
    const { value: given, issues } = context;
    if (isAlone(given)) return;
    if (typeof given !== 'object' || given === null) {
      issues.push({ code: 'custom', message: `must be ${must}, found ${show(given)}`, input: given });
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
  if (Array.isArray(given))
    return given.length <= 8 ? `[${given.map(show).join(', ')}]` : `an array of ${given.length}`;
  if (typeof given === 'object' && given !== null) return `an object (${given.constructor?.name ?? 'no class'})`;
  const shown = typeof given === 'string' ? JSON.stringify(given) : String(given);
  return shown.length <= 60 ? shown : `${shown.slice(0, 57)}...`;
}

function saying(must: string) {
  return { error: (issue: { readonly input?: unknown }) => `must be ${must}, found ${show(issue.input)}` };
}
