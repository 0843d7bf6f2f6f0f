/** A set of tokens as text: a bit a token, the first in the lowest bit of the first byte, in base64. */
export function encodeTokens(tokens: Iterable<number>, count: number): string {
  const bytes = new Uint8Array(Math.ceil(count / 8));
  for (const token of tokens) bytes[token >> 3] |= 1 << (token & 7);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** Its tokens, ascending; those past `count` are passed over. */
export function decodeTokens(text: string, count: number): number[] {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const tokens: number[] = [];
  for (let token = 0; token < Math.min(count, 8 * bytes.length); token++)
    if (bytes[token >> 3] & (1 << (token & 7))) tokens.push(token);
  return tokens;
}
