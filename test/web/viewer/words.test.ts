import { describe, expect, test } from 'vitest';
import type { ReviewEvent, TracedVideo } from '../../../src/trace/format.js';
import type { BlockFacts } from '../../../web/viewer/logic/facts.js';
import { motionWords, shownMotion } from '../../../web/viewer/logic/motionWords.js';
import { digitsApart, listed, plain } from '../../../web/viewer/logic/sentence.js';
import { sayOf, titleOf } from '../../../web/viewer/logic/words.js';
import { runOf } from './support.js';

const made = runOf();
const video = made.trace.begin?.video as TracedVideo;
const again = made.facts.find(({ outcome }) => outcome === 'again') as BlockFacts;

/** A block that was made again, with other numbers. */
function like(severity: number, threshold: number, ...after: number[]): BlockFacts {
  const tries = [severity, ...after];
  const [first] = again.traced.attempts;
  const attempts = tries.map((each, attempt) => ({
    ...first,
    attempt,
    review: { ...(first.review as ReviewEvent), severity: each },
  }));
  return { ...again, severity, threshold, tries, kept: tries.at(-1) ?? null, traced: { ...again.traced, attempts } };
}
const said = (facts: BlockFacts, of = video) => plain(sayOf(facts, of)).replaceAll('\u00a0', ' ');

test('a block that was made again: the story of the design', () => {
  const facts = like(13.7, 12.6, 12.7);
  expect(titleOf(facts, video)).toBe('Why block 5 was made twice');
  expect(said(facts)).toBe(
    'Block 5 moved 13.7, more than 12.6 = mean + 2σ of the blocks before it. So the 2 tokens that moved most were removed ' +
      'from 9 cached frames, and the block was generated again: 12.7: less, if still above. One new try is all it gets.',
  );
});

describe('no more is claimed than was measured', () => {
  test.each([
    ['more', [12.9, 12.8, 13.3], 'again: 13.3, even more. One new try is all it gets, so this one was kept.'],
    ['less, and above', [13.7, 12.6, 12.7], 'again: 12.7: less, if still above.'],
    ['less, and below', [13.7, 12.6, 9.1], 'again: 9.1: less, and not above.'],
    ['the same', [13.7, 12.6, 13.7], 'again: 13.7: no less.'],
  ])('%s', (_, [severity, threshold, after], words) => {
    const text = said(like(severity, threshold, after));
    expect(text).toContain(words);
    expect(text).not.toMatch(/fix|better|repair|correct|improve|success/i);
  });

  test('numbers that are not equal are not written alike', () => {
    expect(said(like(12.64, 12.58, 12.61))).toContain('moved 12.64, more than 12.58');
    expect(said(like(12.64, 12.58, 12.61))).toContain('again: 12.61: less, if still above');
    expect(said(like(14.96, 12.06, 14.99))).toMatch(/moved 14\.96, more than 12\.06 .*again: 14\.99, even more/);
    expect(digitsApart(1.00001, 1.00002)).toBe(5);
    expect(digitsApart(3, 3, 4)).toBe(1);
  });

  test('several new tries are told in order', () => {
    const most = { ...video, trim: { ...(video.trim as object), maxRegenerations: 3 } } as TracedVideo;
    expect(titleOf(like(14, 12, 13, 13.5, 11), video)).toBe('Why block 5 was made 4 times');
    expect(said(like(14, 12, 13, 13.5, 11), most)).toContain(
      'generated again 3 times: 13.0, then 13.5, then 11.0: less, and not above.',
    );
    expect(said(like(14, 12, 13.5), most)).toContain('again: 13.5: less, if still above.');
    expect(said(like(14, 12, 13.5), most)).not.toContain('all it gets');
  });

  test.each([
    [[144, 126, 126, 126], 'generated again 3 times, 2 of them with nothing left to prune: 13.0, then 13.5, then 11.0'],
    [[144, 126, 126, 108], 'generated again 3 times, 1 of them with nothing left to prune: 13.0'],
    [[144, 126, 108, 90], 'generated again 3 times: 13.0'],
  ])('new tries that saw %j rows: those that pruned nothing more are counted', (rows, words) => {
    const facts = like(14, 12, 13, 13.5, 11);
    const attempts = facts.traced.attempts.map((each, attempt) => {
      const seen = { frames: [0], rows: rows[attempt] };
      return { ...each, steps: each.steps.map((step) => ({ ...step, attempt, seen })) };
    });
    const traced = { ...facts.traced, attempts };
    expect(said({ ...facts, traced })).toContain(words);
    const control = { ...video, trim: { ...(video.trim as object), policy: 'regenerate' } } as TracedVideo;
    expect(said({ ...facts, traced }, control)).toContain('generated again 3 times: 13.0');
    const making = attempts.map((each, attempt) => (attempt === 3 ? { ...each, review: null } : each));
    expect(said({ ...facts, tries: [14, 13, 13.5], traced: { ...traced, attempts: making } })).toContain(
      rows[2] === rows[1]
        ? 'generated again 2 times, 1 of them with nothing left to prune: 13.0'
        : 'generated again 2 times: 13.0',
    );
  });

  test('where no frame could lose tokens, none is said to have', () => {
    expect(said({ ...like(14, 12, 13), trimmed: [] })).toContain(
      'were to be removed, but no cached frame could lose any',
    );
  });
});

test.each([
  ['first', 0, {}, 'Block 0 is the first', 'There is nothing before it to move away from'],
  ['warm-up', 1, {}, 'Block 1 sets the scale', 'The first 2 blocks after the start are kept whatever they do'],
  ['kept', 3, {}, 'Block 3 was kept', 'less than'],
  ['off', 3, { trim: false as const }, 'Block 3 was kept as it came', 'With TokenTrim off, nothing is measured'],
  [
    'latents',
    5,
    { method: 'latents' as const },
    'Block 5 moved too much',
    'These latents come from another program, which did not.',
  ],
  ['usual latents', 4, { method: 'latents' as const }, 'Block 4 moved as usual', 'TokenTrim would have kept it.'],
  ['no tries', 5, { trim: { maxRegenerations: 0 } }, 'Block 5 moved too much', 'This run allows no new tries'],
  [
    'wan',
    0,
    { method: 'wan' as const, blocks: 1, trim: false as const },
    'The whole video, made at once',
    'Wan2.1 makes all pictures at once',
  ],
  ['given', 0, { given: 2 }, 'What the video begins with', 'These pictures were given, not generated'],
  ['after given', 2, { given: 2 }, 'Block 0 is the first', 'The given pictures before it are not compared with it'],
])('what is said of a block: %s', (_, index, options, title, say) => {
  const run = runOf(options);
  const facts = run.facts[index];
  expect(titleOf(facts, run.trace.begin?.video as TracedVideo)).toBe(title);
  expect(said(facts, run.trace.begin?.video)).toContain(say);
});

test('numbers in a row', () => {
  expect([[], [3], [3, 4], [3, 4, 5], [3, 5, 9]].map(listed)).toEqual(['', '3', '3 and 4', '3 to 5', '3, 5 and 9']);
});

test('what FlowMo did: no more than was measured', () => {
  const motion = (after: number | null) => ({
    ...({ kind: 'motion', at: 1, block: 0, attempt: 0, step: 0, before: 0.25, after } as const),
    change: { largest: 0.005, mean: 0.0049 },
    maps: { before: { file: 'a', name: 'before' }, after: null },
  });
  expect(motionWords(motion(0.2))).toMatch(/by 0\.0049 on average, by 0\.0050 at most.*is 0\.2, less than before\.$/);
  expect(motionWords(motion(0.3))).toMatch(/more than before\.$/);
  expect(motionWords(motion(null))).toMatch(/was not measured\.$/);
  expect(motionWords(motion(0.3), 1, 3)).toMatch(/^FlowMo acted in the first 3 calls\. In call 2 it moved/);
  const three = [motion(0.3), motion(0.2), motion(null)];
  expect([null, 0, 1, 7].map((step) => shownMotion(three, step))).toEqual([2, 0, 1, 2]);
});
