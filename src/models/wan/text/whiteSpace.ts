// Trimming letter by letter: a pattern such as \s+$ takes time with the square of a run of spaces that is followed by a word.

/** Unicode's property White_Space, which JavaScript's \s and trim() do not go by. */
export const isWhiteSpace = (letter: string): boolean => WHITE_SPACE.test(letter);
const WHITE_SPACE = /\p{White_Space}/u;

/** A text without the letters at its beginning that are such. */
export function trimStartOf(text: string, isSuch: (letter: string) => boolean): string {
  let start = 0;
  while (start < text.length && isSuch(text[start])) start++;
  return text.slice(start);
}

/** A text without the letters at its end that are such. */
export function trimEndOf(text: string, isSuch: (letter: string) => boolean): string {
  let end = text.length;
  while (end > 0 && isSuch(text[end - 1])) end--;
  return text.slice(0, end);
}
