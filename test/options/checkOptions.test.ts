import { describe, expect, test } from 'vitest';
import { TokenTrimError } from '../../src/errors.js';
import { checkOptions, optionsOf, withDefaults } from '../../src/options/checkOptions.js';
import { alone, callback, count, flag, number, oneOf, show, text, value } from '../../src/options/fields.js';
import { nearestName } from '../../src/options/nearestName.js';

interface Options {
  readonly name: string;
  readonly size?: number;
  readonly share?: number;
  readonly kind?: 'round' | 'square';
  readonly quiet?: boolean;
  readonly onDone?: () => void;
  readonly inner?: Inner | false;
}

interface Inner {
  readonly fraction?: number;
  readonly warmup?: number;
}

const innerSchema = optionsOf<Inner>()({
  fraction: number('the fraction must be above 0', (fraction) => fraction > 0).optional(),
  warmup: count(0).optional(),
});

const schema = optionsOf<Options>()({
  name: text,
  size: count(1).optional(),
  share: number('must be a share from 0 to 1', (share) => share >= 0 && share <= 1).optional(),
  kind: oneOf(['round', 'square']).optional(),
  quiet: flag.optional(),
  onDone: callback<() => void>().optional(),
  inner: alone((given) => given === false, 'must be parameters, or false', innerSchema).optional(),
});

const refusal = (options: unknown) => {
  try {
    checkOptions('draw', schema, options);
  } catch (error) {
    expect(error).toBeInstanceOf(TokenTrimError);
    return (error as Error).message;
  }
  return 'nothing';
};

const NAMES = 'name, size, share, kind, quiet, onDone, inner';

test.each<[unknown, string]>([
  [{ name: 'a', siz: 3 }, `unknown option \`siz\` in draw: did you mean \`size\`? options are ${NAMES}`],
  [{ nam: 'a' }, `unknown option \`nam\` in draw: did you mean \`name\`? options are ${NAMES}`],
  [{ name: 'a', colour: 3 }, `unknown option \`colour\` in draw: options are ${NAMES}`],
  [{ name: 'a', siz: undefined }, `unknown option \`siz\` in draw: did you mean \`size\`? options are ${NAMES}`],
  [
    { name: 'a', siz: 3, on_done: 4 },
    `unknown options \`siz\`, \`on_done\` in draw: did you mean \`size\`, \`onDone\`? options are ${NAMES}`,
  ],
  [
    { name: 'a', inner: { fracton: 0.2 } },
    'unknown option `fracton` in inner: did you mean `fraction`? options are fraction, warmup',
  ],
  [{ name: 'a', inner: { fraction: 0 } }, 'the fraction must be above 0, found 0'],
  [{ name: 'a', inner: { warmup: 1.5 } }, '`inner.warmup` of draw must be a whole number of 0 or more, found 1.5'],
  [{ name: 'a', inner: true }, '`inner` of draw must be parameters, or false, found true'],
  [{}, '`name` of draw must be text, found nothing'],
  [{ name: 5 }, '`name` of draw must be text, found 5'],
  [{ name: null }, '`name` of draw must be text, found null'],
  [{ name: 'a', size: '3' }, '`size` of draw must be a whole number of 1 or more, found "3"'],
  [{ name: 'a', size: 2 ** 53 }, '`size` of draw must be a whole number of 1 or more, found 9007199254740992'],
  [{ name: 'a', share: Number.NaN }, '`share` of draw must be a share from 0 to 1, found NaN'],
  [{ name: 'a', share: Infinity }, '`share` of draw must be a share from 0 to 1, found Infinity'],
  [{ name: 'a', kind: 'oval' }, '`kind` of draw must be one of round, square, found "oval"'],
  [{ name: 'a', quiet: 'no' }, '`quiet` of draw must be true or false, found "no"'],
  [{ name: 'a', onDone: [] }, '`onDone` of draw must be a function, found []'],
  [5, `what draw is given must be an object of options (${NAMES}), found 5`],
  [null, `what draw is given must be an object of options (${NAMES}), found null`],
  [['a'], `what draw is given must be an object of options (${NAMES}), found ["a"]`],
])('%o is refused', (options, message) => expect(refusal(options)).toBe(message));

test('what is right, or absent, or undefined is not', () => {
  const all = { name: 'a', size: 1, share: 0, kind: 'round', quiet: false, onDone: () => undefined, inner: {} };
  const absent = Object.fromEntries(Object.keys(all).map((name) => [name, undefined]));
  for (const options of [all, { ...absent, name: 'a' }, { ...all, inner: false }, { name: '' }]) {
    expect(refusal(options)).toBe('nothing');
  }
});

test('options that belong to others may be passed over', () => {
  const options = { name: 'a', plan: 1 };
  expect(() => checkOptions('draw', schema, options, ['plan'])).not.toThrow();
  expect(() => checkOptions('draw', schema, options, ['plans'])).toThrow('unknown option `plan` in draw');
});

test('a schema that is not its type does not compile', () => {
  // @ts-expect-error: `warmup` is absent
  optionsOf<Inner>()({ fraction: count(1).optional() });
  // @ts-expect-error: `sink` is no option
  optionsOf<Inner>()({ fraction: count(1).optional(), warmup: count(0).optional(), sink: count(0) });
  // @ts-expect-error: text is no number
  optionsOf<Inner>()({ fraction: text.optional(), warmup: count(0).optional() });
  // @ts-expect-error: the type lets `fraction` be absent
  optionsOf<Inner>()({ fraction: count(1), warmup: count(0).optional() });
  // @ts-expect-error: the type has one more name
  optionsOf<{ readonly kind: 'round' | 'square' }>()({ kind: value<'round'>('must be round', () => true) });
  expect(true).toBe(true);
});

test('defaults stand where an option is absent or undefined', () => {
  expect(withDefaults({ a: 1, b: 2, c: 3 }, { a: undefined, b: 0 })).toEqual({ a: 1, b: 0, c: 3 });
});

describe('the name that was meant', () => {
  const names = ['fraction', 'framesPerBlock', 'kvDtype', 'prompt', 'negativePrompt', 'sink', 'seed'];
  test.each([
    ['fracton', 'fraction'],
    ['fractoin', 'fraction'],
    ['frames_per_block', 'framesPerBlock'],
    ['kvdtype', 'kvDtype'],
    ['Prompt', 'prompt'],
    ['negative-prompt', 'negativePrompt'],
    ['sed', 'seed'],
    ['wholly different', undefined],
  ])('%s', (misspelt, meant) => expect(nearestName(misspelt, names)).toBe(meant));
});

test('values in messages are short', () => {
  expect(show('x'.repeat(100)).length).toBeLessThanOrEqual(60);
  expect(show(Array(100).fill(0))).toBe('an array of 100');
  let deep: unknown[] = [];
  for (let depth = 0; depth < 1e5; depth++) deep = [deep];
  expect(show(deep)).toBe('an array of 1'); // where a walk into it would end the stack
  expect(show(JSON.parse('{"constructor": {"name": "evil"}}'))).toBe('an object (Object)');
  expect([show(new Map()), show(7n), show(undefined), show(() => 1)]).toEqual([
    'an object (Map)',
    '7n',
    'nothing',
    'a function',
  ]);
});
