import { TokenTrimError } from '../errors.js';
import { hexOf } from './byteSource.js';
import { formatBytes, quote } from './quote.js';

/** A file that is something else than weights: what it is, with its article, and what to do. */
export interface ForeignFile {
  readonly what: string;
  readonly advice: string;
}

/** How many bytes from a file's start tell what it is: a tar archive says so at byte 257. */
export const FOREIGN_BYTES = 512;

const DOWNLOAD = 'Download the file itself again (`download` does).';
const UNPACK = 'Unpack it, and give the weight file that is in it.';
const FORMATS = 'Use the safetensors or PyTorch file of the same model.';

/** First bytes that only one kind of file has, in hexadecimal with dots for any digit. */
const SIGNATURES: readonly [start: RegExp, what: string, advice: string][] = [
  [/^47475546/, 'a GGUF file (llama.cpp, ComfyUI-GGUF)', `GGUF cannot be read here. ${FORMATS}`],
  [/^(?:6c6d6767|666d6767|746a6767|67676d6c)/, 'a GGML file', `GGML cannot be read here. ${FORMATS}`],
  [/^894844460d0a1a0a/, 'an HDF5 file (Keras, TensorFlow)', FORMATS],
  [/^934e554d5059/, 'a NumPy array (.npy)', FORMATS],
  [/^08(?:0[1-9a-f])(?:12|22|3a|42)/, 'an ONNX file', FORMATS],
  [/^.{8}54464c33/, 'a TensorFlow Lite model', FORMATS],
  [/^66747274/, 'a TensorRT engine', FORMATS],
  [/^4d544c42/, 'a Metal library', FORMATS],
  [/^1f8b/, 'a gzip archive', UNPACK],
  [/^(?:.{2}){257}7573746172/, 'a tar archive', UNPACK],
  [/^377abcaf271c/, 'a 7z archive', UNPACK],
  [/^526172211a07/, 'a RAR archive', UNPACK],
  [/^fd377a585a00/, 'an xz archive', UNPACK],
  [/^425a68[3-9]/, 'a bzip2 archive', UNPACK],
  [/^28b52ffd/, 'a Zstandard archive', UNPACK],
  [/^(?:504b0304|504b0506|504b0708)/, 'a zip archive', UNPACK],
  [/^89504e470d0a1a0a/, 'a PNG picture', 'Give weights here; a picture goes to `given: image`.'],
  [/^ffd8ff/, 'a JPEG picture', 'Give weights here; a picture goes to `given: image`.'],
  [/^(?:47494638|52494646.{8}57454250)/, 'a picture', 'Give weights here; a picture goes to `given: image`.'],
  [/^.{8}66747970/, 'an MP4 or HEIC file', 'Give weights here; a video goes to `given: video`.'],
  [/^1a45dfa3/, 'a Matroska or WebM video', 'Give weights here; a video goes to `given: video`.'],
  [/^52494646/, 'a RIFF file (AVI, WAV)', 'Give weights here.'],
  [/^25504446/, 'a PDF', DOWNLOAD],
  [/^(?:7f454c46|4d5a|cffaedfe|feedfacf|cafebabe)/, 'a program', DOWNLOAD],
  [/^00051607/, 'what macOS keeps beside a file (its name begins with "._")', 'Give the file without "._".'],
  [/^53514c69746520666f726d61742033/, 'an SQLite database', DOWNLOAD],
  [/^64383a616e6e6f756e6365/, 'a torrent, not the file that it describes', 'Download that file with a torrent client.'],
  [/^4c00000001140200/, 'a Windows shortcut', 'Give the file that it leads to.'],
  [
    /^80(?:0[2-5])/,
    'a Python pickle that torch.save did not write',
    'Save it with torch.save(model.state_dict(), path), or as safetensors.',
  ],
  [
    /^(?:00){32}/,
    'nothing but zeros at its start',
    'Its download has reserved the room and not finished. Let it finish, or download it again.',
  ],
];

/**
 * What a file is that is not safetensors and no file of torch.save; undefined where its start tells nothing.
 *
 * @param start the first {@link FOREIGN_BYTES} of it, or all where it has fewer
 * @param size of the whole file in bytes
 */
export function foreignFile(start: Uint8Array, size: number): ForeignFile | undefined {
  if (size === 0) return { what: 'an empty file', advice: 'Its download has not begun or failed. Download it again.' };
  const hex = hexOf(start);
  const known = SIGNATURES.find(([pattern]) => pattern.test(hex));
  if (known) return { what: known[1], advice: known[2] };
  const text = textOf(start);
  return text === undefined ? undefined : foreignText(text, size);
}

/** What a text is that lies where a file should: a pointer to it, a page, an error's message. */
export function foreignText(text: string, size = text.length): ForeignFile | undefined {
  const start = text.replace(/^\uFEFF?\s*/, '');
  if (/^version https:\/\/git-lfs\.github\.com\/spec\//.test(start)) {
    const bytes = /^size (\d+)/m.exec(start)?.[1];
    const stands = bytes ? `, which stands for one of ${formatBytes(Number(bytes))}` : '';
    return {
      what: `a Git LFS pointer, not the file${stands}`,
      advice: 'Run `git lfs pull` in the repository that it is in.',
    };
  }
  if (/^# xet version/i.test(start)) {
    return {
      what: 'a Xet pointer, not the file',
      advice: 'Run `git xet` or `git lfs pull` in its repository, or download the file.',
    };
  }
  if (/^(?:<!--[\s\S]*?-->\s*)?<(?:!doctype\s+html|html|head|body|script)\b/i.test(start)) {
    return {
      what: 'a web page',
      advice:
        'A link to the page was saved, or a page that asks to log in. Download the file itself: its link has /resolve/ where the page has /blob/.',
    };
  }
  if (/^<\?xml|^<Error>/i.test(start)) return { what: `an XML text (${quote(oneLine(start))})`, advice: DOWNLOAD };
  if (/^[{[]/.test(start)) {
    const error = /"(?:error|message|detail)"\s*:\s*"([^"]{1,200})"/.exec(start)?.[1];
    if (error) return { what: `a server's answer, ${quote(error)}`, advice: LOG_IN };
    return { what: `a text in JSON (${quote(oneLine(start))})`, advice: DOWNLOAD };
  }
  const isAnswer =
    /not found|invalid|unauthori[sz]ed|forbidden|denied|restricted|expired|rate limit|too many requests|gateway|unavailable/i;
  if (size > FOREIGN_BYTES || !isAnswer.test(start)) return undefined;
  return { what: `a server's answer, ${quote(oneLine(start))}`, advice: LOG_IN };
}

/** Of a text that should have been JSON and is something that is known, the end of a sentence that says so. */
export function whatElse(text: string): string {
  const found = /^\s*[{[]/.test(text) ? undefined : foreignText(text);
  return found ? `, it is ${found.what}: ${found.advice.replace(/\.$/, '')}` : '';
}

/**
 * Throws where a file is known to be something else than was expected.
 *
 * @param expected with its article
 */
export function refuseForeign(path: string, expected: string, start: Uint8Array, size: number): void {
  const found = foreignFile(start, size);
  if (found) throw new TokenTrimError(`${path}: expected ${expected}, found ${found.what}. ${found.advice}`);
}

const LOG_IN =
  'The download failed. Check the address, log in where the repository asks for it, and download the file again.';

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 60);

/** The bytes as a text; undefined where they are none. */
function textOf(start: Uint8Array): string | undefined {
  // Cut in the middle of a character at most.
  const text = new TextDecoder('utf-8').decode(start, { stream: true });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no text has
  return /[\x00-\x08\x0e-\x1a\x1c-\x1f\uFFFD]/.test(text) ? undefined : text;
}
