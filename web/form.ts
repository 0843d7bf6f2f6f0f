import { type PostedRequest, TRIM_DEFAULTS, TRIM_POLICIES, type TrimOptions } from '../src/web/index.js';
import { byId } from './dom.js';

const input = (id: string) => byId<HTMLInputElement>(id);
const select = (id: string) => byId<HTMLSelectElement>(id);
const prompt = () => byId<HTMLTextAreaElement>('prompt');

/** TokenTrim's parameters by the names of their fields. */
const PARAMETERS = ['fraction', 'sensitivity', 'warmup', 'maxRegenerations'] as const;

/** FlowMo as the form has it. */
const FLOWMO = ['off', 'first-block'] as const;

/** What runs are called by what is asked. */
const RUN_NAMES = {
  tokentrim: 'TokenTrim',
  adaptive: 'Adaptive',
  placebo: 'Placebo',
  regenerate: 'Regenerate',
} as const;

/** What an address may say of a run and the form does not ask: sizes, in pixels and in latent frames. */
const EXTRA = ['width', 'height', 'framesPerBlock', 'window', 'sink'] as const;

/** What the form begins with. */
const DEFAULTS: Readonly<Record<string, string>> = {
  frames: '81',
  seed: '0',
  check: TRIM_DEFAULTS.check,
  policy: TRIM_DEFAULTS.policy,
  flowmo: FLOWMO[0],
  ...Object.fromEntries(PARAMETERS.map((name) => [name, String(TRIM_DEFAULTS[name])])),
};

const FIELDS = ['prompt', 'preset', 'frames', 'seed', 'check', 'policy', 'flowmo', ...PARAMETERS] as const;

/** Fills the form: from the page's address, so that a link is a run, else with the defaults. */
export function fillForm(address: URLSearchParams): void {
  for (const name of FIELDS) {
    const given = address.get(name) ?? DEFAULTS[name];
    if (given !== undefined) input(name).value = given;
  }
  for (const name of ['preset', 'check', 'policy', 'flowmo'])
    if (select(name).selectedIndex < 0) select(name).selectedIndex = 0;
  input('trim').checked = address.get('trim') !== 'false';
}

/** Tells which fields say something: the bidirectional model asks no policy. */
export function watchForm(): void {
  const update = () => {
    const isWan = select('preset').value === 'wan';
    byId<HTMLFieldSetElement>('trimming').disabled = isWan;
    const isOff = isWan || !input('trim').checked;
    for (const id of ['parameters', 'besides', 'policies']) byId(id).hidden = isOff;
    input('sensitivity').disabled = select('policy').value === 'adaptive'; // it has a limit of its own
  };
  byId('form').addEventListener('change', update);
  update();
}

/** What is asked, and its parameters as the form has them; the rest are the paper's. */
function trimmingOf(): TrimOptions {
  const given = PARAMETERS.map((name) => [name, numberIn(name)] as const).filter(
    ([name, value]) => value !== undefined && !input(name).disabled,
  );
  const check = select('check').value as TrimOptions['check'];
  return { ...TRIM_DEFAULTS, ...Object.fromEntries(given), check, policy: policyOf() };
}

const policyOf = () => TRIM_POLICIES.find((name) => name === select('policy').value) ?? TRIM_DEFAULTS.policy;

/** What a run of the form is called. */
export const runNameOf = ({ trim }: PostedRequest): string => (trim === false ? 'off' : RUN_NAMES[policyOf()]);

/** The run that is asked for, as it stands in the form; whoever makes it says what is wrong with it. */
export function requestOf(address: URLSearchParams): PostedRequest {
  const preset = select('preset').value as PostedRequest['preset'];
  const extra = EXTRA.flatMap((name) => (address.has(name) ? [[name, Number(address.get(name))] as const] : []));
  const trim = input('trim').checked ? trimmingOf() : false;
  const blocks = FLOWMO.find((name) => name === select('flowmo').value);
  return {
    prompt: prompt().value,
    preset,
    frames: numberIn('frames'),
    seed: input('seed').value.trim() || 0,
    ...(preset === 'wan' ? {} : { trim }),
    ...(blocks === 'first-block' ? { flowmo: { blocks } } : {}),
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
