// SPDX-License-Identifier: Apache-2.0
// Reads a unit once: is it there, and does the register map fit?

import { useId, useState } from 'preact/hooks';
import { asProblem, send, type Problem } from '../../app/api';
import type { BusMeter, ReadReply, ReadValue } from '../../app/fieldbus';
import { catalog } from '../../app/model';
import { show } from '../../data/format';
import { isName } from '../../data/scan';
import { locale, quantityTitle, t } from '../../i18n';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Field } from '../../ui/Field';
import { ProblemNote } from '../../ui/notices';
import { profileNames, ProfileList } from '../../ui/ProfileList';
import { moodOf, qualityText } from '../../ui/Value';

const MOST_UNIT = 255;

function Row({ value }: { value: ReadValue }) {
  const shown = show(locale.value, { unit: value.unit, quantity: value.quantity, decimals: 2 }, value.value);
  const mood = moodOf(value.quality);
  return (
    <tr>
      <th scope="row">
        {quantityTitle(value)} <span class="row-sub mono">{value.quantity}</span>
      </th>
      <td>
        <span class={`value ${mood}`}>
          <span class="number">{shown.text}</span> <span class="unit">{shown.unit}</span>
        </span>
      </td>
      <td>
        <span class={`quality ${mood}`}>{qualityText(value.quality)}</span>
      </td>
    </tr>
  );
}

function Result({ reply }: { reply: ReadReply }) {
  const title = t('read.result', { title: reply.title, unit: reply.unit });
  const attributes = Object.entries(reply.attributes);
  return (
    <div class="read-result">
      <h3>{title}</h3>
      {attributes.length > 0 && (
        <ul class="tags" aria-label={t('read.attributes')}>
          {attributes.map(([key, value]) => (
            <li key={key}>
              <span>{key.replace(/^info_/, '')}</span> {value}
            </li>
          ))}
        </ul>
      )}
      <div class="scroll" role="group" aria-label={title} tabIndex={0}>
        <table class="table read-table">
          <caption class="unseen">{title}</caption>
          <thead>
            <tr>
              <th scope="col">{t('column.quantity')}</th>
              <th scope="col">{t('column.value')}</th>
              <th scope="col">{t('column.quality')}</th>
            </tr>
          </thead>
          <tbody>
            {reply.values.map((value) => (
              <Row key={value.quantity} value={value} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

export function TryRead({ line, meters }: { line: string; meters: BusMeter[] }) {
  const first = catalog.peek()?.meters.find((meter) => meter.name === meters[0]?.name)?.info.peek();
  const [unit, setUnit] = useState(String(first?.unit ?? 1));
  const [profile, setProfile] = useState(first?.profile ?? '');
  const [load, setLoad] = useState('1');
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [reply, setReply] = useState<ReadReply | null>(null);
  const list = useId();
  const isUnit = /^\d{1,3}$/.test(unit) && Number(unit) <= MOST_UNIT;
  const isLoad = /^[1-9]\d{0,2}$/.test(load);

  const read = async (event: Event): Promise<void> => {
    event.preventDefault();
    setTried(true);
    if (!isUnit || !isLoad || !isName(profile) || busy) return;
    setBusy(true);
    setProblem(null);
    setReply(null);
    try {
      setReply(await send<ReadReply>('POST', '/read', { line, unit: Number(unit), profile, load: Number(load) }));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Card title={t('read.title')} class="try-read">
      <p class="small">{t('read.lead')}</p>
      <form class="row-form" onSubmit={(event) => void read(event)} noValidate>
        <Field
          label={t('read.unit')}
          name="unit"
          value={unit}
          onInput={setUnit}
          autocomplete="off"
          error={tried && !isUnit ? t('read.unit.bad') : undefined}
        />
        <Field
          label={t('read.profile')}
          name="profile"
          value={profile}
          onInput={setProfile}
          autocomplete="off"
          list={list}
          error={tried && !isName(profile) ? t('read.profile.bad') : undefined}
        />
        <ProfileList id={list} names={profileNames()} />
        <Field
          label={t('read.load')}
          name="load"
          value={load}
          onInput={setLoad}
          autocomplete="off"
          error={tried && !isLoad ? t('read.load.bad') : undefined}
        />
        <Button kind="primary" type="submit" busy={busy}>
          {t('read.do')}
        </Button>
      </form>
      {problem && <ProblemNote problem={problem} />}
      {reply && <Result reply={reply} />}
    </Card>
  );
}
