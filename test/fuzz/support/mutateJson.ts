import type { Random } from './random.js';

/** Values that somebody wrote down in the place of others. */
const STRANGE: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    '',
    'x',
    [],
    {},
    [[]],
    [null],
    { a: 1 },
    0,
    -1,
    0.5,
    1e308,
    -0,
    2 ** 31,
    2 ** 53,
    1e-320,
    1e15,
  ],
  ...['__proto__', 'constructor', '../../x', '/etc/passwd', 'a\u0000b', '\u001b[2J', '\ud800', 'NaN', 'x'.repeat(1000)],
  ...[{ toString: 1 }, { constructor: { name: 1 } }, { length: 1e9 }, Array(300).fill(0)],
  JSON.parse('{"__proto__": {"polluted": true}}'),
  JSON.parse('{"constructor": {"prototype": {"polluted": true}}}'),
];
const KEYS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '0', 'length', 'then', '\u001b[2J'];

/** A fresh one each time: it is changed in its place. */
const strange = (pick: Random['pick']): unknown => structuredClone(pick(STRANGE));

type Holder = Record<string, unknown>;

/** A value with some of its parts changed: numbers and texts put in each other's place, parts moved, doubled and left out. */
export function mutateJson(value: unknown, random: Random, words: readonly string[]): unknown {
  const root: Holder = { root: structuredClone(value) };
  for (let left = 1 + random.below(3); left > 0; left--) {
    const places = placesIn(root);
    change(random.pick(places), random, places, words);
  }
  return root.root;
}

type Place = readonly [holder: Holder, key: string];

function change(
  [holder, key]: Place,
  { below, pick }: Random,
  places: readonly Place[],
  words: readonly string[],
): void {
  const old = holder[key];
  const kind = below(8);
  if (kind === 0) define(holder, key, strange(pick));
  else if (kind === 1) define(holder, key, words.length > 0 ? pick(words) : 'word');
  else if (kind === 2) {
    const [other, name] = pick(places);
    define(holder, key, structuredClone(other[name]));
  } else if (kind === 3 && typeof old === 'number')
    define(holder, key, pick([old + 1, old - 1, -old, old * 2, old / 2, old * 1e6, 2 ** below(64)]));
  else if (kind === 3 && typeof old === 'string')
    define(holder, key, pick([old + old, old.slice(1), old.toUpperCase(), `${old}\u0000`, `../${old}`, ` ${old}`]));
  else if (kind === 4 && Array.isArray(old))
    define(holder, key, pick([old.slice(1), [...old, ...old], old.toReversed(), old.flat()]));
  else if (kind === 4 && isObject(old)) define(old, pick([...KEYS, ...words.slice(0, 50)]), strange(pick));
  else if (kind === 5 && !Array.isArray(holder)) delete holder[key];
  else if (kind === 6) define(holder, key, pick([[old], { [pick(KEYS)]: old }, [old, old]]));
  else if (kind === 7) for (let depth = 10 ** below(4); depth > 0; depth--) define(holder, key, [holder[key]]);
}

/** Sets a field whatever it is called. */
function define(holder: Holder, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

const isObject = (value: unknown): value is Holder =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const MOST_PLACES = 2000;

function placesIn(root: Holder): Place[] {
  const places: Place[] = [[root, 'root']];
  for (let next = 0; next < places.length && places.length < MOST_PLACES; next++) {
    const [holder, key] = places[next];
    const value = holder[key];
    if (typeof value !== 'object' || value === null) continue;
    for (const name of Object.keys(value)) places.push([value as Holder, name]);
  }
  return places;
}
