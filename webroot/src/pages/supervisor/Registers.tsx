// SPDX-License-Identifier: Apache-2.0
// The registers of one unit with what they hold now, and how to read one.

import { useState } from 'preact/hooks';
import { asProblem, getText, type Problem } from '../../app/api';
import { saveText } from '../../app/download';
import type { Register, RegistersReply, SupervisorReply } from '../../app/fieldbus';
import { catalog } from '../../app/model';
import { usePolled } from '../../app/usePolled';
import { matches } from '../../data/list';
import { mbpoll, readable } from '../../data/registers';
import { counted, quantityTitle, t } from '../../i18n';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { EmptyState, ProblemNote, Spinner } from '../../ui/notices';
import { Search } from '../../ui/Search';
import { MaybeValue } from '../../ui/Value';

/** The list is fixed while the configuration is; a change shows within a minute. */
const EVERY_MS = 60_000;
const MOST_ROWS = 400;

function Row({ register }: { register: Register }) {
  const point = catalog.value?.byName.get(register.point);
  return (
    <tr data-register={register.address}>
      <th scope="row" class="number">
        {register.address}
      </th>
      <td class="c-count">{register.registers}</td>
      <td class="mono">{register.type}</td>
      <td class="c-point">
        {point ? quantityTitle(point) : register.title}
        <span class="row-sub mono">{register.point}</span>
      </td>
      <td class="c-base">{register.unit === '1' ? '' : register.unit}</td>
      <td>
        <MaybeValue point={point} />
      </td>
    </tr>
  );
}

function Table({ registers, name }: { registers: Register[]; name: string }) {
  const more = registers.length - MOST_ROWS;
  return (
    <>
      <div class="scroll" role="group" aria-label={name} tabIndex={0}>
        <table class="table registers">
          <caption class="unseen">{name}</caption>
          <thead>
            <tr>
              <th scope="col">{t('column.address')}</th>
              <th scope="col" class="c-count">
                {t('column.registers')}
              </th>
              <th scope="col">{t('column.type')}</th>
              <th scope="col" class="c-point">
                {t('column.point')}
              </th>
              <th scope="col" class="c-base">
                {t('column.unit')}
              </th>
              <th scope="col">{t('column.present')}</th>
            </tr>
          </thead>
          <tbody>
            {registers.slice(0, MOST_ROWS).map((register) => (
              <Row key={`${register.address} ${register.point}`} register={register} />
            ))}
          </tbody>
        </table>
      </div>
      {more > 0 && <p class="small more-rows">{counted('supervisor.moreRows', more)}</p>}
    </>
  );
}

interface ExampleProps {
  reply: SupervisorReply;
  unit: number;
  registers: Register[];
}

function Example({ reply, unit, registers }: ExampleProps) {
  const [copied, setCopied] = useState(false);
  const listener = readable(reply.listeners);
  const register = registers.find((one) => one.type === 'f32') ?? registers[0];
  if (!listener || !register) return <p class="small">{t('supervisor.how.none')}</p>;
  const line = mbpoll(location.hostname, listener.port, { ...register, unit });
  const copy = (): void => {
    void navigator.clipboard?.writeText(line).then(
      () => setCopied(true),
      () => {},
    );
  };
  return (
    <>
      <p class="small">{t('supervisor.how.lead')}</p>
      <p class="small">{t('supervisor.how.point', { title: register.point })}</p>
      <div class="command">
        <code tabIndex={0}>{line}</code>
        <Button onClick={copy}>{t(copied ? 'supervisor.copied' : 'supervisor.copy')}</Button>
      </div>
    </>
  );
}

export function Registers({ unit, reply }: { unit: number; reply: SupervisorReply }) {
  const path = `/supervisor/registers?unit=${unit}`;
  const { data, problem, read } = usePolled<RegistersReply>(path, EVERY_MS);
  const [query, setQuery] = useState('');
  const [failed, setFailed] = useState<Problem | null>(null);
  const all = data?.registers ?? [];
  const shown = all.filter(({ address, point, title, type }) => {
    return matches(query, `${address} ${point} ${title} ${type}`);
  });
  const name = t('supervisor.registers', { unit });

  const download = async (): Promise<void> => {
    setFailed(null);
    try {
      saveText(`registers-unit-${unit}.csv`, 'text/csv', await getText(path, 'text/csv'));
    } catch (error) {
      setFailed(asProblem(error));
    }
  };

  return (
    <>
      <Card
        title={name}
        class="flush registers-card"
        aside={
          <Button icon="down" disabled={!data} onClick={() => void download()}>
            {t('supervisor.csv')}
          </Button>
        }
      >
        <div class="tools">
          <Search label={t('supervisor.filter')} value={query} onInput={setQuery} />
          <span class="tools-count" role="status">
            {data && counted('supervisor.count', shown.length)}
          </span>
        </div>
        {[problem, failed].map((one) => one && <ProblemNote key={one.key} problem={one} onRetry={read} />)}
        {!data && !problem && <Spinner />}
        {data && shown.length === 0 && (
          <EmptyState icon="search" title={t('supervisor.none')}>
            {t('meters.noMatch.help')}
          </EmptyState>
        )}
        {shown.length > 0 && <Table registers={shown} name={name} />}
      </Card>
      <Card title={t('supervisor.how')} class="how-card">
        <Example reply={reply} unit={unit} registers={all} />
      </Card>
    </>
  );
}
