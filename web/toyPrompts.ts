/** What the toy world was trained on: prompts of exactly this form. */
const WORDS = {
  colour: ['red', 'green', 'blue', 'yellow', 'white', 'purple', 'orange', 'cyan'],
  shape: ['circle', 'square', 'triangle', 'ring'],
  motion: ['bounces left and right', 'bounces up and down', 'moves in a circle', 'stands still'],
  background: ['black', 'gray', 'navy', 'maroon'],
} as const;

/** The first prompt of the README. */
export const FIRST_PROMPT = 'a red circle bounces left and right on a navy background';

/** One of the 512 prompts that the toy world knows, at random. */
export function anotherPrompt(): string {
  const one = (words: readonly string[]) => words[Math.floor(Math.random() * words.length)];
  return `a ${one(WORDS.colour)} ${one(WORDS.shape)} ${one(WORDS.motion)} on a ${one(WORDS.background)} background`;
}

/** What may stand in a prompt. */
export const TOY_HINT =
  `"a red circle stands still on a navy background", with ${either(WORDS.colour)}; ${either(WORDS.shape)}; ` +
  `${either(WORDS.motion)}; ${either(WORDS.background)}.`;

function either(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
