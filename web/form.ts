import { type PostedRequest, TOKENTRIM_DEFAULTS, type TokenTrimOptions } from '../src/web/index.js';
import { byId } from './dom.js';

const input = (id: string) => byId<HTMLInputElement>(id);
const select = (id: string) => byId<HTMLSelectElement>(id);
const prompt = () => byId<HTMLTextAreaElement>('prompt');

/** TokenTrim's parameters by the names of their fields. */
const PARAMETERS = ['fraction', 'sensitivity', 'warmup', 'maxRegenerations'] as const;

/** What an address may say of a run and the form does not ask: sizes, in pixels and in latent frames. */
const EXTRA = ['width', 'height', 'framesPerBlock', 'window', 'sink'] as const;

/** What the form begins with. */
const DEFAULTS: Readonly<Record<string, string>> = {
  frames: '81',
  seed: '0',
  check: TOKENTRIM_DEFAULTS.check,
  ...Object.fromEntries(PARAMETERS.map((name) => [name, String(TOKENTRIM_DEFAULTS[name])])),
};

const FIELDS = ['prompt', 'preset', 'frames', 'seed', 'check', ...PARAMETERS] as const;

/** Fills the form: from the page's address, so that a link is a run, else with the defaults. */
export function fillForm(address: URLSearchParams): void {
  for (const name of FIELDS) {
    const given = address.get(name) ?? DEFAULTS[name];
    if (given !== undefined) input(name).value = given;
  }
  if (select('preset').selectedIndex < 0) select('preset').selectedIndex = 0;
  if (select('check').selectedIndex < 0) select('check').selectedIndex = 0;
  input('trim').checked = address.get('trim') !== 'false';
}

/** Tells which fields say something: the bidirectional model asks no policy. */
export function watchForm(): void {
  const update = () => {
    const isWan = select('preset').value === 'wan';
    byId<HTMLFieldSetElement>('trimming').disabled = isWan;
    byId('parameters').hidden = byId('besides').hidden = isWan || !input('trim').checked;
  };
  byId('form').addEventListener('change', update);
  update();
}

/** TokenTrim's parameters as the form has them; the rest are the paper's. */
export function trimmingOf(): TokenTrimOptions {
  const given = PARAMETERS.map((name) => [name, numberIn(name)] as const).filter(([, value]) => value !== undefined);
  const check = select('check').value as TokenTrimOptions['check'];
  return { ...TOKENTRIM_DEFAULTS, ...Object.fromEntries(given), check };
}

/** The run that is asked for, as it stands in the form; whoever makes it says what is wrong with it. */
export function requestOf(address: URLSearchParams): PostedRequest {
  const preset = select('preset').value as PostedRequest['preset'];
  const extra = EXTRA.flatMap((name) => (address.has(name) ? [[name, Number(address.get(name))] as const] : []));
  const trim = input('trim').checked ? trimmingOf() : false;
  return {
    prompt: prompt().value,
    preset,
    frames: numberIn('frames'),
    seed: input('seed').value.trim() || 0,
    ...(preset === 'wan' ? {} : { trim }),
    ...Object.fromEntries(extra),
  };
}

/** An address that fills the form as it is now. */
export function addressOf(before: URLSearchParams): URLSearchParams {
  const address = new URLSearchParams(before);
  for (const name of FIELDS) {
    const { value } = input(name);
    if (value === DEFAULTS[name]) address.delete(name);
    else address.set(name, value);
  }
  if (input('trim').checked) address.delete('trim');
  else address.set('trim', 'false');
  return address;
}

function numberIn(id: string): number | undefined {
  const { value } = input(id);
  return value.trim() === '' ? undefined : Number(value);
}
