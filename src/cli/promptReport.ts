import type { ModelFolder } from '../node/model/modelFolder.js';
import type { Plan } from '../pipelines/plan/plan.js';
import { tokenizePrompts } from '../pipelines/prompts/promptTokens.js';
import type { Report } from './reportSchema.js';

/** The prompts of a run, and how much of each the model reads. */
export type PromptReport = Pick<Report, 'prompts' | 'negativePrompt'>;

/** Counts what the model reads of a plan's prompts. */
export async function reportPrompts(folder: ModelFolder, { prompts, negativePrompt }: Plan): Promise<PromptReport> {
  const texts = prompts.map(({ prompt }) => prompt);
  if (negativePrompt !== undefined) texts.push(negativePrompt);
  const cuts = (await tokenizePrompts(folder, texts)).map(({ found, length, dropped }) => {
    return { tokens: found, tokensRead: length, cut: dropped ?? null };
  });
  return {
    prompts: prompts.map(({ prompt, pixelFrame, firstFrame }, index) => {
      return { prompt, frame: pixelFrame, latentFrame: firstFrame, ...cuts[index] };
    }),
    negativePrompt: negativePrompt === undefined ? null : { prompt: negativePrompt, ...cuts[prompts.length] },
  };
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
