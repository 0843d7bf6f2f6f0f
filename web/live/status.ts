import { plural } from '../viewer/logic/sentence.js';
import type { LiveRun } from './liveRun.js';

// What the page says of a run as a whole; of its blocks the viewer tells.

const STAGES = {
  text: 'embedding the prompt',
  given: 'encoding pictures',
  weights: 'reading weights',
  rollout: 'denoising',
  decode: 'decoding pictures',
} as const;

/** What of a run is asked. */
export type Watched = Pick<LiveRun, 'phase' | 'isGoingOn' | 'compiling' | 'trace'>;

/** The stage of a run in a few words. */
export function stageOf(run: Watched | undefined): string {
  if (!run) return 'idle';
  if (!run.isGoingOn) return run.phase;
  const { stage } = run.trace;
  if (run.compiling > 0 && stage?.stage !== 'rollout') return `compiling ${plural(run.compiling, 'kernel')}`;
  const name = stage ? STAGES[stage.stage] : 'planning';
  return run.phase === 'stopping' ? `stopping after ${name}` : name;
}

/** What is said over a run on its way, in a heading and a sentence. */
export function statusOf(run: Watched | undefined): readonly [title: string, say: string] {
  if (!run) {
    return [
      'A prompt becomes a video, in this page',
      'Wan2.1 with Self Forcing or Rolling Forcing, and TokenTrim, on this machine alone: no server computes anything, ' +
        'and nothing leaves the page. Each block is explained below as it comes: why it was kept, or made again.',
    ];
  }
  if (run.phase === 'failed') return ['This run failed', ''];
  if (run.phase === 'stopping') return ['Stopping', 'The call at hand ends first.'];
  const { stage, blocks, begin } = run.trace;
  const made = blocks.filter(({ accepted }) => accepted && !accepted.given).length;
  if (!run.isGoingOn) {
    if (made === 0) return [run.phase === 'stopped' ? 'Stopped before the first block' : 'Done', ''];
    return [run.phase === 'stopped' ? 'Stopped' : 'Done', 'Below is why each block came out as it did.'];
  }
  if (run.compiling > 0) {
    return [
      'Getting ready',
      `${plural(run.compiling, 'kernel')} run for the first time: the driver compiles them, once.`,
    ];
  }
  if (stage?.stage === 'decode') return ['Making the pictures', ''];
  if (stage?.stage !== 'rollout') {
    return ['Getting ready', stage?.stage === 'weights' ? 'Weights are read.' : 'The prompt is embedded.'];
  }
  if (begin?.video.method === 'wan') return ['Making the video', 'All of it at once: its pictures come at the end.'];
  const current = blocks.at(-1);
  const again = (current?.attempts.length ?? 0) > 1 && !current?.accepted ? ' again' : '';
  const number = Math.max(0, current?.accepted ? current.block + 1 : (current?.block ?? 0));
  return [
    `Making block ${Math.min(number, (begin?.video.blocks ?? 1) - 1)} of ${begin?.video.blocks}${again}`,
    made === 0 ? 'Its first picture comes with the first block; below is what each call predicts.' : '',
  ];
}
