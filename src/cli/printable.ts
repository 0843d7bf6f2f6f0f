/** What a terminal obeys, and what turns the direction of a text: C0 but tab and line feed, DEL, C1, and bidi controls. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters meant
const OBEYED = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A text for a terminal: control characters, which a name, a file, a prompt or a server can bring into it, are written as
 * what they are, `\u001b`. Of a JSON text it changes nothing that it means.
 */
export function printable(text: string): string {
  return text.replace(OBEYED, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
