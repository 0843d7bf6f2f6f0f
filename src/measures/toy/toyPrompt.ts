/** What may stand in a prompt of the toy world: weights/toy-world/README.md. */
export const TOY_WORDS = {
  color: ['red', 'green', 'blue', 'yellow', 'white', 'purple', 'orange', 'cyan'],
  shape: ['circle', 'square', 'triangle', 'ring'],
  motion: ['bounces left and right', 'bounces up and down', 'moves in a circle', 'stands still'],
  background: ['black', 'gray', 'navy', 'maroon'],
} as const;

type Words = typeof TOY_WORDS;

/** What a video of the toy world is to show. */
export type ToyPrompt = { readonly [Part in keyof Words]: Words[Part][number] };

const FORM = new RegExp(
  `^an? (?<color>${TOY_WORDS.color.join('|')}) (?<shape>${TOY_WORDS.shape.join('|')}) ` +
    `(?<motion>${TOY_WORDS.motion.join('|')}) on an? (?<background>${TOY_WORDS.background.join('|')}) background\\.?$`,
);

/** Reads a prompt of the toy world; undefined where it is none, and so there is no truth to measure against. */
export function parseToyPrompt(prompt: string): ToyPrompt | undefined {
  const groups = FORM.exec(prompt.trim().toLowerCase().replace(/\s+/g, ' '))?.groups;
  return groups && ({ ...groups } as ToyPrompt);
}
