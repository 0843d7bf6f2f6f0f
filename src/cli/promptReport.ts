import type { ModelFolder } from '../node/model/modelFolder.js';
import type { Plan } from '../pipelines/plan/plan.js';
import { WAN_NEGATIVE_PROMPT } from '../pipelines/prompts/negativePrompt.js';
import type { ScheduledPrompt } from '../pipelines/prompts/promptSchedule.js';
import { tokenizePrompts } from '../pipelines/prompts/promptTokens.js';
import type { Report } from './reportSchema.js';

/** The prompts of a run, and how much of each the model reads. */
export type PromptReport = Pick<Report, 'prompts' | 'negativePrompt'>;

/** @param negativePrompt that the user chose, or nothing for Wan2.1's own */
export async function reportPrompts(
  folder: ModelFolder,
  plan: Plan,
  scheduled: readonly ScheduledPrompt[],
  negativePrompt: string | undefined,
): Promise<PromptReport> {
  const isGuided = plan.preset === 'wan' && plan.guidance !== 1;
  const negative = isGuided ? [negativePrompt ?? WAN_NEGATIVE_PROMPT] : [];
  const texts = [...scheduled.map(({ prompt }) => prompt), ...negative];
  const cuts = (await tokenizePrompts(folder, texts)).map(({ found, length, dropped }) => {
    return { tokens: found, tokensRead: length, cut: dropped ?? null };
  });
  const prompts = scheduled.map(({ prompt, pixelFrame, firstFrame }, index) => {
    return { prompt, frame: pixelFrame, latentFrame: firstFrame, ...cuts[index] };
  });
  return { prompts, negativePrompt: isGuided ? { prompt: negative[0], ...cuts[texts.length - 1] } : null };
}

/** The same in words, a line each. */
export function promptLines({ prompts, negativePrompt }: PromptReport): string[] {
  const said = ({ tokens, tokensRead, cut }: Omit<Report['prompts'][number], 'prompt' | 'frame' | 'latentFrame'>) =>
    cut === null
      ? `${tokens} tokens`
      : `${tokens} tokens, of which ${tokensRead} are read; cut off: ${JSON.stringify(cut)}`;
  const isSchedule = prompts.length > 1;
  return [
    ...prompts.map((prompt) => `prompt   ${isSchedule ? `from frame ${prompt.frame}: ` : ''}${said(prompt)}`),
    ...(negativePrompt ? [`negative ${said(negativePrompt)}`] : []),
  ];
}
