import { describe, expect, test } from 'vitest';
import type { Plan } from '../../../src/pipelines/plan/plan.js';
import { TRIM_DEFAULTS } from '../../../src/tokentrim/trimPolicy.js';
import type { BeginEvent, TracedVideo } from '../../../src/trace/format.js';
import { codeOfMethod, functionIn } from '../../../web/methodCode.js';
import { cacheLayout, countCache } from '../../../web/viewer/logic/cacheLayout.js';
import { topOf } from '../../../web/viewer/logic/chartWords.js';
import { compareRuns, compareWords } from '../../../web/viewer/logic/compare.js';
import type { BlockFacts } from '../../../web/viewer/logic/facts.js';
import { introOf } from '../../../web/viewer/logic/intro.js';
import { METHOD_STEPS, type MethodStep, STEP_TEXTS, stepNumbers } from '../../../web/viewer/logic/methodSteps.js';
import { cells, outline, tokenAt } from '../../../web/viewer/logic/outline.js';
import { lastPicture, pictureAt, pictureRange, picturesOf } from '../../../web/viewer/logic/pictureAt.js';
import { columnsOf, scaleOf, scrollTo, visibleColumns } from '../../../web/viewer/logic/scale.js';
import { EXAMPLES, search } from '../../../web/viewer/logic/search.js';
import { plain, short } from '../../../web/viewer/logic/sentence.js';
import { squaresOf } from '../../../web/viewer/logic/squares.js';
import { OTHER_TEXTS, stepText } from '../../../web/viewer/logic/stepTexts.js';
import { tokenWords } from '../../../web/viewer/logic/tokenFacts.js';
import { tokenValues } from '../../../web/viewer/logic/tokenValues.js';
import { MEASURED_BY } from '../../../web/viewer/logic/trimOf.js';
import { whatIf, whatIfWords } from '../../../web/viewer/logic/whatIf.js';
import { nextPicture } from '../../../web/viewer/usePlay.js';
import { FIRST_VIEW, hashOf, viewOf } from '../../../web/viewer/view.js';
import type { MadeRun } from '../support/madeTrace.js';
import { runOf } from './support.js';

const run = runOf({ blocks: 11, jumps: [5, 8] });
const all = run.facts;
const video = run.trace.begin?.video as TracedVideo;
const again = all.find(({ outcome }) => outcome === 'again') as BlockFacts;

describe('search', () => {
  const numbers = (words: string) => search(words, all)?.map((index) => all[index].number) ?? null;
  const moved = (test: (severity: number) => boolean) =>
    all.filter(({ tries }) => tries.some(test)).map(({ number }) => number);
  test.each([
    ['severity above 9', moved((each) => each > 9)],
    ['blocks with severity above 9', moved((each) => each > 9)],
    ['severity > 9', moved((each) => each > 9)],
    ['below 6,5', moved((each) => each < 6.5)],
    ['made again', all.filter(({ outcome }) => outcome === 'again').map(({ number }) => number)],
    ['frame 14', [4]],
    ['picture 9', [1]],
    ['block 7', [7]],
    ['warm-up', [1, 2]],
    [
      `token ${again.unstable[0]}`,
      all
        .filter(({ outcome, unstable }) => outcome === 'again' && unstable.includes(again.unstable[0]))
        .map(({ number }) => number),
    ],
    ['moved less', all.filter(({ tries }) => tries.length > 1 && tries[1] < tries[0]).map(({ number }) => number)],
    ['over 0.6 s', all.filter(({ traced }) => traced.attempts.length > 1).map(({ number }) => number)],
    ['', []],
    ['what is love', null],
  ])('%s', (words, expected) => expect(numbers(words)).toEqual(expected));

  test('every example is understood', () => {
    for (const example of EXAMPLES) expect(search(example, all), example).not.toBeNull();
    expect(numbers('made again')?.length).toBeGreaterThan(0);
  });
});

describe('the cache as it was', () => {
  const last = again.traced.attempts.at(-1);
  const groups = cacheLayout(again, last as NonNullable<typeof last>, video);
  test('evicted, recent, own; what was removed is of this block', () => {
    expect(groups.map(({ kind }) => kind)).toEqual(['gone', 'recent', 'own']);
    const recent = groups[1].frames;
    expect(recent.map(({ removed }) => removed)).toEqual(recent.map(() => [...again.unstable]));
    expect(recent.map(({ frame }) => frame)).toEqual([...again.trimmed]);
    expect(groups[2].frames.every(({ removed, isSeen }) => removed.length === 0 && isSeen)).toBe(true);
    expect(countCache(groups, 16)).toEqual({ tokens: 9 * 16, removed: 9 * 2, earlier: 0 });
  });
  test('before the first try nothing was removed, and after it the next block still sees what was', () => {
    expect(countCache(cacheLayout(again, again.traced.attempts[0], video), 16).removed).toBe(0);
    const next = all[again.index + 1];
    const count = countCache(cacheLayout(next, next.traced.attempts[0], video), 16);
    expect(count.earlier).toBe(count.removed);
    expect(count.earlier).toBe(6 * 2); // three of the nine have left
  });
  test('a sink, an anchor and a rolling window', () => {
    const sinks = runOf({ sink: 3, blocks: 7 });
    const at = sinks.facts[5];
    const shown = cacheLayout(at, at.traced.attempts.at(-1) as never, sinks.trace.begin?.video as TracedVideo);
    expect(shown.map(({ name }) => name)).toEqual(['sink', 'evicted', 'recent', 'block 5']);
    expect(shown[0].frames.every(({ removed }) => removed.length === 0)).toBe(true);
    const rolling = runOf({ method: 'rolling-forcing', sink: 3 });
    const block = rolling.facts[2];
    const window = cacheLayout(block, block.traced.attempts[0], rolling.trace.begin?.video as TracedVideo);
    expect(window.map(({ name }) => name)).toEqual(['anchor', 'recent', 'block 2', 'next blocks']);
    expect(window[3].frames.map(({ frame }) => frame)).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17]);
  });
});

describe('another lambda', () => {
  test('the run’s own changes nothing; a large one names no block; zero names those above the mean', () => {
    expect(whatIf(all, 2, 2)).toMatchObject({ more: [], fewer: [] });
    expect(whatIf(all, 2, 2).same.length).toBeGreaterThan(0);
    expect(whatIf(all, 2, 99)).toMatchObject({ more: [], same: [] });
    const none = whatIf(all, 2, 0);
    expect(none.more.map((index) => (all[index].severity as number) > (all[index].mean as number)).every(Boolean)).toBe(
      true,
    );
    expect(none.more.every((index) => all[index].number > 2)).toBe(true);
  });
  test('words say from where on it is a guess', () => {
    expect(whatIfWords(whatIf(all, 2, 99), all)).toBe(
      `With λ = 99, no block would have been above. From block ${again.number} on the run itself would have gone another way, so what follows it is a guess.`,
    );
    expect(whatIfWords(whatIf(all, 2, 2), all)).toContain('The same as in this run.');
  });
});

test('a baseline is measured by the paper’s parameters', () => {
  expect(MEASURED_BY).toEqual({ ...TRIM_DEFAULTS, maxRegenerations: 0 });
});

describe('scale and columns', () => {
  test('every number lies inside, the larger the higher', () => {
    const { y, base } = scaleOf(all, 158);
    const values = all.flatMap(({ tries, threshold }) => [...tries, ...(threshold === null ? [] : [threshold])]);
    for (const value of values) expect(y(value)).toBeGreaterThanOrEqual(0);
    expect(y(Math.max(...values))).toBeLessThan(y(Math.min(...values)));
    expect(y(Math.min(...values))).toBeLessThanOrEqual(base);
    expect(Number.isFinite(scaleOf([], 158).y(0))).toBe(true);
  });
  test('a limit far above all severities does not press them flat', () => {
    const [first, ...rest] = all.filter(({ outcome }) => outcome === 'kept');
    const { y, isBeyond } = scaleOf([{ ...first, threshold: 5000 }, ...rest], 158);
    const heights = rest.flatMap(({ tries }) => tries.map(y));
    expect(Math.max(...heights) - Math.min(...heights)).toBeGreaterThan(10);
    expect([isBeyond(5000), isBeyond(rest[0].threshold as number)]).toEqual([true, false]);
    expect(y(5000)).toBeGreaterThanOrEqual(0);
    expect(y(5000)).toBeLessThan(Math.min(...heights));
  });
  test('one block that stands apart does not leave the maps of the others pale', () => {
    const like = (...severities: number[]) => severities.map((each) => ({ ...all[1], tries: [each] }));
    expect(topOf(like(3.2, 0.6, 0.5, 0.4))).toBeCloseTo(1.1 * 3 * 0.6);
    expect(topOf(like(12, 11, 15))).toBeCloseTo(1.1 * 15);
    expect(topOf([])).toBeGreaterThan(0);
  });
  test('of a thousand blocks those in sight', () => {
    const columns = columnsOf(1000, 1120, 44);
    expect(columns).toEqual({ pitch: 44, width: 44_000 });
    const [from, until] = visibleColumns(1000, columns, 22_000, 1120);
    expect([from, until - from]).toEqual([497, 32]);
    expect(visibleColumns(7, columnsOf(7, 1120, 44), 0, 1120)).toEqual([0, 7]);
  });
  test('scrolls as little as it takes', () => {
    const columns = columnsOf(1000, 1120, 44);
    expect(scrollTo(3, columns, 0, 1120)).toBe(0);
    expect(scrollTo(30, columns, 0, 1120)).toBe(32 * 44 - 1120);
    expect(scrollTo(10, columns, 4400, 1120)).toBe(9 * 44);
  });
});

describe('maps', () => {
  const grid = { height: 3, width: 4 };
  test('an outline has the edges between members and others only', () => {
    expect(outline([5], grid).match(/M/g)).toHaveLength(4);
    expect(outline([5, 6], grid).match(/M/g)).toHaveLength(6);
    expect(outline([3, 4], grid).match(/M/g)).toHaveLength(8); // neighbours by number, not on the grid
    expect(outline([], grid)).toBe('');
    expect(cells([0, 5], grid, 0)).toBe('M0 0h1v1h-1zM1 1h1v1h-1z');
  });
  test('a place is a token', () => {
    expect([tokenAt(0, 0, grid), tokenAt(0.99, 0.99, grid), tokenAt(0.3, 0.5, grid), tokenAt(1, 0.5, grid)]).toEqual([
      0,
      11,
      5,
      undefined,
    ]);
  });
  test('the values of a token are those of its patch, in every frame and channel', () => {
    const shape = [2, 3, 6, 8]; // patches of 2 by 2 on a grid of 3 by 4
    const values = new Float32Array(2 * 3 * 6 * 8).fill(9);
    for (let plane = 0; plane < 6; plane++) {
      for (const [y, x] of [
        [2, 2],
        [2, 3],
        [3, 2],
        [3, 3],
      ])
        values[(plane * 6 + y) * 8 + x] = plane - y + x;
    }
    expect(tokenValues({ shape, values }, grid, 5)).toBe('24 values from -1.00 to 6.00, mean 2.50');
    expect(tokenValues({ shape, values }, grid, 6)).toBe('24 values from 9.00 to 9.00, mean 9.00');
  });
  test('a token in words', () => {
    const drift = Float32Array.from({ length: 16 }, (_, token) => token);
    const words = tokenWords(again.unstable[0], video.grid, again, again.traced.attempts.at(-1), drift);
    expect(words).toContain(`Token ${again.unstable[0]} · row`);
    expect(words).toContain(`rank ${16 - again.unstable[0]} of 16 · in the unstable set · live in no cached frame`);
    expect(tokenWords(0, video.grid, again, again.traced.attempts.at(-1), drift)).toContain(
      'live in all 9 cached frames',
    );
  });
});

describe('pictures', () => {
  test('of sheets in order, the last where there are fewer', () => {
    const events = picturesOf(all[1].traced);
    expect(pictureRange(all[1].traced)).toEqual({ first: 9, count: 12 });
    expect([pictureAt(events, 0)?.index, pictureAt(events, 99)?.index, pictureAt([], 0)]).toEqual([0, 11, null]);
  });
  test('the squares of a block made again: before, first try, drift, second try', () => {
    const chosen = { attempt: null, picture: 6, step: null };
    const squares = squaresOf(again, all[again.index - 1], chosen, video);
    expect(squares.map(({ title, text }) => `${title}: ${text}`)).toEqual([
      `Block ${again.number - 1}: its last picture`,
      'First try: not kept',
      expect.stringMatching(/^How far each token moved: 2 outlined: mean \d+\.\d$/),
      'Second try: kept; made without the outlined tokens of the past',
    ]);
    const called = squaresOf(again, undefined, { ...chosen, step: 1 }, video);
    expect(called[0]).toMatchObject({
      text: 'not kept; what call 2 predicted, in rough colours',
      picture: { index: 1 },
    });
  });
  test('a block without pictures is shown by what its last call predicted', () => {
    const bare = { ...all[again.index - 1].traced, pictures: [] };
    expect(lastPicture(bare)).toMatchObject({ source: 'x0', picture: { index: expect.any(Number) } });
    expect(lastPicture({ ...bare, x0: [] })).toEqual({ source: 'none', picture: null });
    const before = { ...all[again.index - 1], traced: bare };
    const [square] = squaresOf(again, before, { attempt: null, picture: 0, step: null }, video);
    expect(square.text).toBe('its last call, in rough colours');
  });
  test('playing goes on from block to block, waits for more, and begins anew', () => {
    const at = (block: number, picture: number, isGoingOn: boolean) =>
      nextPicture({ facts: all[block], all, picture, fps: 16, isGoingOn });
    expect(at(3, 4, false)).toEqual({ picture: 5, block: 3 });
    expect(at(3, 11, false)).toMatchObject({ block: 4, picture: 0 });
    expect(at(10, 11, true)).toBeNull();
    expect(at(10, 11, false)).toMatchObject({ block: 0, picture: 0 });
  });
});

test('numbers of any size are short', () => {
  expect([0, 0.25, 12.04, -3e7, 2.5e-6, 65504].map((value) => short(value))).toEqual([
    '0.0',
    '0.3',
    '12.0',
    '-3.00e+7',
    '2.50e-6',
    '65504.0',
  ]);
});

describe('the method', () => {
  test('every step has numbers of a block that was measured, and words for one that was not', () => {
    const drift = Float32Array.from({ length: 16 }, (_, token) => token);
    const inputs = { facts: again, video, before: [8, 9], drift };
    for (const step of METHOD_STEPS)
      expect(stepNumbers(step, inputs), step).not.toMatch(/NaN|undefined|null|Nothing was/);
    for (const step of METHOD_STEPS)
      expect(stepNumbers(step, { ...inputs, facts: all[0], drift: undefined }), step).not.toMatch(/NaN|undefined|null/);
    expect(stepNumbers('trigger', inputs)).toMatch(/^5 > 2, and (\d+\.\d\d) > .* = \d+\.\d\d: not accepted\.$/);
    expect(stepNumbers('prune', inputs)).toContain('18 rows in every layer');
  });
  test('the functions are where the steps say, and their text is theirs', () => {
    const code = codeOfMethod();
    const others = Object.values(OTHER_TEXTS).flatMap((texts) => Object.values(texts));
    for (const { file, functions } of [...Object.values(STEP_TEXTS), ...others])
      expect(code[`${file} ${functions}`], functions).toBeDefined();
    const { text, line } = code['src/tokentrim/severity.ts severity'];
    expect(text).toMatch(/^\/\*\* D_t[^\n]*\nexport function severity\([\s\S]*\n}$/);
    expect(line).toBeGreaterThan(10);
    expect(functionIn('class A {\n  b(): void {\n    c();\n  }\n}', 'A.b')).toEqual({
      line: 2,
      text: '  b(): void {\n    c();\n  }',
    });
  });
});

test('another policy than TokenTrim is named, and its own functions are shown', () => {
  const of = (made: MadeRun) => runOf(made).trace.begin as BeginEvent;
  const shown = (step: MethodStep, begin: BeginEvent) => stepText(step, begin.video).functions;
  expect(introOf(of({}))).toMatch(/7 blocks$/);
  const adaptive = of({ trim: { policy: 'adaptive' } });
  expect(introOf(adaptive)).toMatch(/ · adaptive pruning$/);
  expect(shown('trigger', adaptive)).toBe('adaptiveTrim');
  expect(shown('statistics', adaptive)).toBe('forecastSeverity');
  expect(shown('prune', of({ trim: { policy: 'placebo' } }))).toBe('placebo');
  expect(shown('prune', of({ trim: { policy: 'regenerate' } }))).toBe('regenerate');
  expect(shown('trigger', of({ trim: { policy: 'placebo' } }))).toBe('tokenTrim');
  expect(shown('regenerate', of({ method: 'rolling-forcing' }))).toBe('rollingForcing');
  const { plan, ...begin } = of({});
  const flowmo = { blocks: 'first-block' } as Plan['flowmo'];
  expect(introOf({ ...begin, plan: { ...plan, flowmo } as Plan })).toMatch(/ · FlowMo in the first block$/);
});

test('a view is its address, and what is not understood is passed over', () => {
  const view = {
    ...FIRST_VIEW,
    run: 1,
    other: 0,
    block: 5,
    attempt: 1,
    picture: 3,
    step: 2,
    token: 9,
    sensitivity: 1.5,
    explained: 'prune' as const,
    words: 'made again',
    isOver: true,
  };
  const names = ['a b', 'c'];
  expect(viewOf(hashOf(view, names), names)).toEqual(view);
  expect(hashOf(FIRST_VIEW, names)).toBe('');
  expect(viewOf('#block=x&try=-3&token=1.5&explain=love&run=none&lambda=-1', names)).toEqual(FIRST_VIEW);
});

describe('two runs', () => {
  const [one, other] = [
    runOf({ jumps: [5, 8], blocks: 11 }),
    runOf({ jumps: [5, 8], blocks: 11, trim: { sensitivity: 50 } }),
  ];
  const compared = compareRuns(one.trace.begin as BeginEvent, other.trace.begin as BeginEvent, one.facts, other.facts);
  const words = (index: number) =>
    compareWords(compared, index, ['with', 'without'], one.facts[index], other.facts[index]);
  test('part where one was made again', () => {
    expect(compared).toEqual({ differences: [], parts: 5, shares: null });
    expect(words(3).title).toBe('Block 3, the same in both');
    expect(plain(words(5).say)).toMatch(
      /^In “with” it moved \d+\.\d; in “without” it moved \d+\.\d\. Both runs have the same prompt and seed, and are alike up to block 4\.$/,
    );
  });
  test('severities of other shares of tokens are not compared', () => {
    const third = runOf({ jumps: [5, 8], blocks: 11, trim: { sensitivity: 50, fraction: 0.3 } });
    const unlike = compareRuns(one.trace.begin as BeginEvent, third.trace.begin as BeginEvent, one.facts, third.facts);
    expect(unlike).toEqual({ differences: [], parts: 5, shares: [0.1, 0.3] });
    const { say } = compareWords(unlike, 5, ['with', 'without'], one.facts[5], third.facts[5]);
    expect(plain(say)).toMatch(/with p = 0\.1, the other with 0\.3: these numbers do not compare\.$/);
  });
  test('what differs beside TokenTrim is said first', () => {
    const third = runOf({ seed: 7, title: 'another' });
    const { differences } = compareRuns(
      one.trace.begin as BeginEvent,
      third.trace.begin as BeginEvent,
      one.facts,
      third.facts,
    );
    expect(differences).toEqual(['prompt', 'seed']);
  });
});
