import { TokenTrimError } from '../../errors.js';
import type { HubSession } from './hubSession.js';

/** An answer of the Hub that is no file. */
export class HubStatusError extends Error {
  constructor(readonly statusCode: number) {
    super(`the Hub answered with status ${statusCode}`);
  }
}

/** The error that tells a person why the Hub did not give `what` (a repository, or a file of it), and what to do. */
export function explainHubError(error: unknown, what: string, { url, token, signal }: HubSession): unknown {
  if (error instanceof TokenTrimError || signal?.aborted) return error;
  const status = (error as { statusCode?: number }).statusCode;
  const say = (text: string) => new TokenTrimError(`${what}: ${text}`, { cause: error });
  if (status === 401) {
    return say(
      token
        ? `${url} refuses the access token in HF_TOKEN (status 401): make a new one at ${url}/settings/tokens`
        : `${url} has no such public repository (status 401): if it is private or gated, set HF_TOKEN to an access token`,
    );
  }
  if (status === 403) {
    return say(
      `access is not granted (status 403): open ${url}/${what.split(' ')[0]}, accept its terms, and set HF_TOKEN`,
    );
  }
  if (status === 404) return say(`${url} has no such repository or file (status 404): check --hub-url`);
  if (status !== undefined) return say(`${url} answered with status ${status}: try again later`);
  const code = systemCode(error);
  if (code === 'ENOSPC') return say('the disk is full: free some space and run the command again, it will go on');
  if (code === 'EACCES' || code === 'EROFS') {
    return say(`the cache cannot be written (${code}): point HF_HOME to a folder that can`);
  }
  if (error instanceof SyntaxError) return say(`${url} does not answer as the Hub does: check --hub-url`);
  return say(
    `${url} could not be reached (${code ?? rootMessage(error)}): check the connection and run the command again, ` +
      'it will go on where it stopped; --hub-url or HF_ENDPOINT names a mirror',
  );
}

/** `ECONNREFUSED` and its like, which fetch hides one or two causes deep. */
export function systemCode(error: unknown): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code } = current as NodeJS.ErrnoException;
    if (code) return code;
  }
  return undefined;
}

/** What the innermost error says: fetch itself only says that it failed. */
function rootMessage(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current instanceof Error ? current.message : String(current);
}
