// SPDX-License-Identifier: Apache-2.0
// The registers of all points with what they hold now, and how to read one.

import { useMemo, useState } from 'preact/hooks';
import { asProblem, getText, type Problem } from '../../app/api';
import { saveText } from '../../app/download';
import type { Register, RegistersReply, SupervisorReply } from '../../app/fieldbus';
import { catalog } from '../../app/model';
import { usePolled } from '../../app/usePolled';
import { matches } from '../../data/list';
import { inWidth, mbpoll, readable, type Width } from '../../data/registers';
import { counted, quantityTitle, t } from '../../i18n';
import { Button, Segmented } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Choice } from '../../ui/Choice';
import { EmptyState, ProblemNote, Spinner } from '../../ui/notices';
import { Search } from '../../ui/Search';
import { MaybeValue } from '../../ui/Value';

const PATH = '/supervisor/registers';
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
      <td class="mono c-type">{register.type}</td>
      <td class="c-point">
        {point ? quantityTitle(point) : register.title}
        <span class="row-sub mono">{register.point}</span>
      </td>
      <td class="c-base">{register.unit === '1' ? '' : register.unit}</td>
      <td class="c-input number">{register.input}</td>
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
              <th scope="col" class="c-type">
                {t('column.type')}
              </th>
              <th scope="col" class="c-point">
                {t('column.point')}
              </th>
              <th scope="col" class="c-base">
                {t('supervisor.base')}
              </th>
              <th scope="col" class="c-input">
                {t('supervisor.input')}
              </th>
              <th scope="col">{t('column.present')}</th>
            </tr>
          </thead>
          <tbody>
            {registers.slice(0, MOST_ROWS).map((register) => (
              <Row key={register.point} register={register} />
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

export function Example({ reply, unit, registers }: ExampleProps) {
  const [copied, setCopied] = useState('');
  const listener = readable(reply.listeners);
  const register = registers[0];
  if (!listener || !register) return <p class="small">{t('supervisor.how.none')}</p>;
  const line = mbpoll(location.hostname, listener.port, { ...register, unit });
  const copy = (): void => {
    void navigator.clipboard?.writeText(line).then(
      () => setCopied(line),
      () => {},
    );
  };
  return (
    <>
      <p class="small">{t('supervisor.how.lead')}</p>
      <p class="small">{t('supervisor.how.point', { title: register.point })}</p>
      <div class="command">
        <code>{line}</code>
        <Button onClick={copy}>{t(copied === line ? 'supervisor.copied' : 'supervisor.copy')}</Button>
      </div>
    </>
  );
}

function useDownload(): { download: () => void; failed: Problem | null } {
  const [failed, setFailed] = useState<Problem | null>(null);
  const download = async (): Promise<void> => {
    setFailed(null);
    try {
      saveText('registers.csv', 'text/csv', await getText(PATH, 'text/csv'));
    } catch (error) {
      setFailed(asProblem(error));
    }
  };
  return { download: () => void download(), failed };
}

interface RegistersProps {
  reply: SupervisorReply;
  /** Only points of this meter; empty: of all. */
  meter: string;
  onMeter: (meter: string) => void;
}

export function Registers({ reply, meter, onMeter }: RegistersProps) {
  const { data, problem, read } = usePolled<RegistersReply>(PATH, EVERY_MS);
  const [width, setWidth] = useState<Width>('f32');
  const [query, setQuery] = useState('');
  const { download, failed } = useDownload();
  const all = useMemo(() => inWidth(data?.registers ?? [], width), [data, width]);
  const meterOf = ({ point }: Register): string => catalog.value?.byName.get(point)?.meter ?? '';
  const shown = all.filter((register) => {
    const { address, point, title } = register;
    return (meter === '' || meterOf(register) === meter) && matches(query, `${address} ${point} ${title}`);
  });
  const names = [...new Set(all.map(meterOf))].filter(Boolean);
  const unit = width === 'f32' ? reply.points_unit : (reply.points_f64_unit ?? reply.points_unit);
  const title = t('supervisor.registers', { unit });
  const meters = [{ value: '', text: t('bus.frames.all') }, ...names.map((name) => ({ value: name, text: name }))];

  return (
    <>
      <Card
        title={title}
        class="flush registers-card"
        aside={
          <>
            {reply.points_f64_unit !== undefined && (
              <Segmented
                label={t('column.type')}
                value={width}
                options={[
                  { value: 'f32', text: 'float32' },
                  { value: 'f64', text: 'float64' },
                ]}
                onChange={setWidth}
              />
            )}
            <Button icon="down" disabled={!data} onClick={download}>
              {t('supervisor.csv')}
            </Button>
          </>
        }
      >
        <div class="tools">
          <Search label={t('supervisor.filter')} value={query} onInput={setQuery} />
          <Choice label={t('bus.frames.meter')} value={meter} options={meters} onChange={onMeter} />
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
        {shown.length > 0 && <Table registers={shown} name={title} />}
      </Card>
      <Card title={t('supervisor.how')} class="how-card">
        <Example reply={reply} unit={unit} registers={shown} />
      </Card>
    </>
  );
}
