import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TokenTrimError } from '../../errors.js';
import type { StatedConfig } from '../../models/wan/checkpoint/partConfig.js';
import { CONFIG_ADVICE, type RawConfig, readConfigText } from '../../models/wan/config.js';
import { createTokenizer, type PromptTokenizer } from '../../models/wan/text/tokenize.js';
import { isAbsent, readTextFile } from '../files/plainFile.js';

// The texts beside a model's weights: configurations, and the tokenizer.

/** Those of published models have 2 kB. */
const MAX_CONFIG_BYTES = 2 ** 20;
/** umT5's has 17 MB. */
const MAX_TOKENIZER_BYTES = 2 ** 26;

/** Reads config.json; an absent file is an empty configuration. */
export async function readConfig(path: string): Promise<RawConfig> {
  try {
    return readConfigText(await readTextFile(path, { what: 'a config.json', limit: MAX_CONFIG_BYTES }), path);
  } catch (cause) {
    if (isAbsent(cause)) return {};
    const { message } = cause as Error;
    throw message.endsWith(CONFIG_ADVICE) ? cause : new TokenTrimError(`${message} ${CONFIG_ADVICE}`, { cause });
  }
}

/** The config.json beside weights, or in the folder that they were given as. */
export async function configBeside(weights: string): Promise<StatedConfig> {
  const isFolder = (await stat(weights).catch(() => undefined))?.isDirectory() ?? false;
  return configIn(isFolder ? weights : dirname(weights));
}

/** The config.json of a folder. */
export async function configIn(folder: string): Promise<StatedConfig> {
  const label = join(folder, 'config.json');
  return { label, config: await readConfig(label) };
}

/** The text of a tokenizer.json. */
export function readTokenizer(path: string): Promise<string> {
  return readTextFile(path, { what: 'a tokenizer.json with a Unigram model', limit: MAX_TOKENIZER_BYTES });
}

/**
 * Loads a `tokenizer.json`; see {@link createTokenizer}.
 * @throws TokenTrimError when the file is missing or is not a tokenizer with `</s>`
 */
export async function loadTokenizer(path: string): Promise<PromptTokenizer> {
  return createTokenizer(await readTokenizer(path), path);
}
