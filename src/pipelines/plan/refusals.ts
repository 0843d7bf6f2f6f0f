import { ensure } from '../../errors.js';
import type { Preset } from './plan.js';

/** Refuses a prompt that says nothing. */
export function checkPrompt(prompt: string | undefined): asserts prompt is string {
  ensure(
    prompt !== undefined && prompt.trim() !== '',
    'the prompt is empty: say what to show, such as "a red circle on a navy background"',
  );
}

/** Refuses prompts over time beside a single one, or for the bidirectional model. */
export function checkScheduled(prompt: string | undefined, preset: Preset): void {
  ensure(
    prompt === undefined,
    'there are a prompt and a schedule of prompts: put the prompt into the schedule, at time 0',
  );
  ensure(
    preset !== 'wan',
    'the bidirectional model makes all frames at once and takes one prompt: use `preset` self-forcing or rolling-forcing',
  );
}

/** Refuses pictures to begin from, for the bidirectional model. */
export function checkGiven(hasPictures: boolean, preset: Preset): void {
  ensure(
    !hasPictures || preset !== 'wan',
    'the bidirectional model makes a video from text alone: use `preset` self-forcing or rolling-forcing with pictures',
  );
}
