/** Longest name of a file in bytes, on all common systems, less one: a `.json` of the same name lies beside it. */
const LONGEST = 254;
/**
 * What some system does not take in a name of a file, or a terminal obeys: control characters, marks that turn the direction
 * of writing or cannot be seen, halves of letters, and what stands in paths and patterns.
 */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff<>:"/\\|?*]/gu;
/** No name at all, hidden files, what programs take for an option, and Windows' names of devices, which count up to the first dot. */
const FORBIDDEN_START = /^[.-]|^$|^(?=(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|$))/i;

/**
 * The file of a prompt's `index`-th video under the name that VBench looks for: `{prompt}-{index}.mp4`, the whole prompt as
 * it is. No prompt of its own suite is changed. Where a prompt cannot be a name (too long, or with characters that are
 * forbidden), its beginning stands for it, with a digest: VBench then needs `vbenchManifest`.
 * Source: Vchitect/VBench vbench/__init__.py build_full_info_json; vbench/utils.py get_prompt_from_filename.
 * @param salt where the name is another prompt's already: it gets a digest of both in any case
 */
export function vbenchName(prompt: string, index: number, extension = '.mp4', salt = ''): string {
  const text = prompt.trim();
  const ending = `-${index}${extension}`;
  const safe = text.replace(FORBIDDEN, '_').replace(FORBIDDEN_START, '_');
  if (safe === text && bytesOf(text + ending) <= LONGEST && salt === '') return text + ending;
  const mark = `~${digest(text + salt)}${ending}`;
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
 * The names of every prompt's videos (`vbenchName`), all different, also where a system does not tell `A` from `a`: of
 * prompts that would share one, the first has it.
 * @returns for each prompt the names by `indices`
 */
export function vbenchNames(prompts: readonly string[], indices: readonly number[]): string[][] {
  const taken = new Set<string>();
  return prompts.map((prompt) => {
    for (let tries = 0; ; tries++) {
      const names = indices.map((index) => vbenchName(prompt, index, undefined, tries === 0 ? '' : ` ${tries}`));
      const folded = names.map(folding);
      if (folded.some((name) => taken.has(name))) continue;
      for (const name of folded) taken.add(name);
      return names;
    }
  });
}

/** Equal for names that some system takes for one: it does not look at case, or spells letters its own way. */
const folding = (name: string): string => name.normalize('NFKD').toUpperCase().toLowerCase().normalize('NFKC');

/**
 * What VBench takes as `--prompt_file` in its mode `custom_input`: the prompt of each file. It belongs beside the folder of
 * videos and not in it: in its standard mode VBench takes the ending of all files from the first.
 */
export function vbenchManifest(
  videos: readonly { readonly prompt: string; readonly index: number; readonly file?: string }[],
): Record<string, string> {
  return Object.fromEntries(videos.map(({ prompt, index, file = vbenchName(prompt, index) }) => [file, prompt.trim()]));
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** FNV-1a, 32 bits, of the text's UTF-8: eight hexadecimal digits. */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
