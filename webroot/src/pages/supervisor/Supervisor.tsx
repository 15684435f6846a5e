// SPDX-License-Identifier: Apache-2.0
// What other systems read from the gateway: where it listens, who is connected, which register holds what.

import { catalogProblem } from '../../app/feed';
import type { SupervisorConnection, SupervisorReply, SupervisorUnit } from '../../app/fieldbus';
import { catalog } from '../../app/model';
import { href, type Route } from '../../app/router';
import { usePolled } from '../../app/usePolled';
import { number } from '../../data/format';
import { locale, t } from '../../i18n';
import { Card } from '../../ui/Card';
import { EmptyState, ProblemNote, Spinner } from '../../ui/notices';
import { Age } from '../../ui/Value';
import { Registers } from './Registers';

const EVERY_MS = 5000;

function Listeners({ listeners }: Pick<SupervisorReply, 'listeners'>) {
  if (listeners.length === 0) {
    return (
      <EmptyState icon="supervisor" title={t('supervisor.listeners.none')}>
        {t('supervisor.listeners.none.help')}
      </EmptyState>
    );
  }
  return (
    <ul class="listeners">
      {listeners.map(({ service, address, port, state }) => (
        <li key={`${service} ${address} ${port}`}>
          <b>{service}</b>
          <span class="mono">
            {address.includes(':') && !address.startsWith('[') ? `[${address}]` : address}:{port}
          </span>
          <span class={`mark mark-${state === 'listening' || state === 'up' ? 'good' : 'unknown'}`}>{state}</span>
        </li>
      ))}
    </ul>
  );
}

function Connections({ connections }: { connections: SupervisorConnection[] }) {
  if (connections.length === 0) return <p class="small">{t('supervisor.connections.none')}</p>;
  return (
    <div class="scroll" role="group" aria-label={t('supervisor.connections')} tabIndex={0}>
      <table class="table connections">
        <caption class="unseen">{t('supervisor.connections')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('supervisor.address')}</th>
            <th scope="col">{t('supervisor.service')}</th>
            <th scope="col">{t('supervisor.role')}</th>
            <th scope="col">{t('supervisor.since')}</th>
            <th scope="col">{t('supervisor.requests')}</th>
          </tr>
        </thead>
        <tbody>
          {connections.map(({ address, service, role, since, requests }) => (
            <tr key={`${address} ${service} ${since}`}>
              <th scope="row" class="mono">
                {address}
              </th>
              <td>{service}</td>
              <td>{role || '–'}</td>
              <td>
                <Age time={() => since} />
              </td>
              <td>{number(locale.value, requests, 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Units({ reply, current }: { reply: SupervisorReply; current: number }) {
  const row = (unit: number, text: string, below: string) => (
    <li key={unit}>
      <a
        href={href('supervisor', [String(unit)])}
        aria-current={unit === current ? 'true' : undefined}
        data-unit={unit}
      >
        <b class="number">{unit}</b>
        <span>{text}</span>
        {below && <span class="small">{below}</span>}
      </a>
    </li>
  );
  return (
    <ul class="units">
      {reply.points_unit !== null && row(reply.points_unit, t('supervisor.allPoints'), '')}
      {reply.units.map(({ unit, meter, line }: SupervisorUnit) => row(unit, meter, line ?? ''))}
    </ul>
  );
}

function Whole({ reply, asked }: { reply: SupervisorReply; asked: number }) {
  const units = reply.units.map(({ unit }) => unit);
  const all = reply.points_unit === null ? units : [reply.points_unit, ...units];
  const unit = all.includes(asked) ? asked : all[0];
  return (
    <>
      <Card title={t('supervisor.listeners')} class="listeners-card">
        <Listeners listeners={reply.listeners} />
      </Card>
      <Card title={t('supervisor.connections')} class="connections-card">
        <Connections connections={reply.connections} />
      </Card>
      {unit === undefined ? (
        <Card title={t('supervisor.units')} class="registers-card">
          <EmptyState icon="meters" title={t('supervisor.units.none')}>
            {t('supervisor.units.none.help')}
          </EmptyState>
        </Card>
      ) : (
        <>
          <Card title={t('supervisor.units')} class="units-card">
            <Units reply={reply} current={unit} />
          </Card>
          <Registers key={unit} unit={unit} reply={reply} />
        </>
      )}
    </>
  );
}

export default function Supervisor({ route }: { route: Route }) {
  const { data: reply, problem, read } = usePolled<SupervisorReply>('/supervisor', EVERY_MS);
  if (!catalog.value) return catalogProblem.value ? null : <Spinner />;
  const isOff = problem?.status === 404;
  return (
    <div class="page supervisor">
      <header>
        <h1>{t('nav.supervisor')}</h1>
        <p class="small">{t('supervisor.lead')}</p>
      </header>
      {isOff && (
        <EmptyState icon="supervisor" title={t('supervisor.listeners.none')}>
          {t('supervisor.off')}
        </EmptyState>
      )}
      {problem && !isOff && <ProblemNote problem={problem} onRetry={read} />}
      {!reply && !problem && <Spinner />}
      {reply && <Whole reply={reply} asked={Number(route.rest[0] ?? NaN)} />}
    </div>
  );
}
