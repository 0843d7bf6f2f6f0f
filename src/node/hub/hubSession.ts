import { HUB_URL } from '@huggingface/hub';
import { ensure } from '../../errors.js';
import { hubCache } from './hubCache.js';

/** With whom downloads speak, as whom, and where they put things. */
export interface HubSession {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string | undefined;
  readonly cache: string;
  readonly signal?: AbortSignal;
}

/** @param url of a mirror; by default HF_ENDPOINT or huggingface.co */
export function hubSession(url: string | undefined, signal?: AbortSignal): HubSession {
  const { HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE } = process.env;
  const address = url ?? (HF_ENDPOINT || HUB_URL);
  ensure(
    URL.canParse(address) && /^https?:$/.test(new URL(address).protocol),
    `expected the address of a Hub, such as ${HUB_URL}, found "${address}": correct --hub-url or HF_ENDPOINT`,
  );
  ensure(
    !HF_HUB_OFFLINE || !/^(1|on|yes|true)$/i.test(HF_HUB_OFFLINE),
    'HF_HUB_OFFLINE is set, so nothing can be downloaded: unset it',
  );
  const token = HF_TOKEN?.trim() || undefined;
  ensure(!token || token.startsWith('hf_'), 'HF_TOKEN is no access token of the Hub: those begin with hf_');
  return { url: address.replace(/\/+$/, ''), token, cache: hubCache(), signal };
}
