/** Longest name of a file in bytes, on all common systems. */
const LONGEST = 255;
/** What some system does not take in a name of a file: control characters, and what stands in paths and patterns. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters meant
const FORBIDDEN = /[\u0000-\u001f\u007f<>:"/\\|?*]/g;

/**
 * The file of a prompt's `index`-th video under the name that VBench looks for: `{prompt}-{index}.mp4`, the whole prompt as
 * it is. No prompt of its own suite is changed. Where a prompt cannot be a name (too long, or with characters that are
 * forbidden), its beginning stands for it, with a digest, so that two prompts never share a name: VBench then needs
 * `vbenchManifest`.
 * Source: Vchitect/VBench vbench/__init__.py build_full_info_json; vbench/utils.py get_prompt_from_filename.
 */
export function vbenchName(prompt: string, index: number, extension = '.mp4'): string {
  const text = prompt.trim();
  const ending = `-${index}${extension}`;
  const safe = text.replace(FORBIDDEN, '_').replace(/^\./, '_');
  if (safe === text && bytesOf(text + ending) <= LONGEST) return text + ending;
  const mark = `~${digest(text)}${ending}`;
  let kept = '';
  let left = LONGEST - bytesOf(mark);
  for (const letter of safe) {
    left -= bytesOf(letter);
    if (left < 0) break;
    kept += letter;
  }
  return kept + mark;
}

/**
 * What VBench takes as `--prompt_file` in its mode `custom_input`: the prompt of each file. It belongs beside the folder of
 * videos and not in it: in its standard mode VBench takes the ending of all files from the first.
 */
export function vbenchManifest(
  videos: readonly { readonly prompt: string; readonly index: number }[],
): Record<string, string> {
  return Object.fromEntries(videos.map(({ prompt, index }) => [vbenchName(prompt, index), prompt.trim()]));
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** FNV-1a, 32 bits, of the text's UTF-8: eight hexadecimal digits. */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
