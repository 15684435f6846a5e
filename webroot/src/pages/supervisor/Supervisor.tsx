// SPDX-License-Identifier: Apache-2.0
// What other systems read from the gateway: where it listens, who is connected, which register holds what.

import { catalogProblem } from '../../app/feed';
import type {
  SupervisorConnection,
  SupervisorReply,
  SupervisorUnit,
  UnitConflict,
} from '../../app/fieldbus';
import { catalog } from '../../app/model';
import { go, href, type Route } from '../../app/router';
import { usePolled } from '../../app/usePolled';
import { number } from '../../data/format';
import { known, locale, t } from '../../i18n';
import { Card } from '../../ui/Card';
import { EmptyState, Note, ProblemNote, Spinner } from '../../ui/notices';
import { Age } from '../../ui/Value';
import { Registers } from './Registers';

const EVERY_MS = 5000;

const SERVICES: Record<string, string> = {
  modbus_tcp: 'Modbus TCP',
  modbus_rtu_tcp: 'Modbus RTU / TCP',
  modbus_tls: 'Modbus/TCP Security',
};

const serviceName = (service: string): string => SERVICES[service] ?? service;

/** An address comes with the port that was asked for, which 0 leaves to the system: the real one stands in its place. */
function endpoint(address: string, port: number): string {
  return port > 0 ? address.replace(/:\d+$/, `:${port}`) : address;
}

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
      {listeners.map(({ service, address, port, state, text }) => (
        <li key={`${service} ${address} ${port}`}>
          <b>{serviceName(service)}</b>
          <span class="mono">{endpoint(address, port)}</span>
          <span class={`mark mark-${state === 'listening' ? 'good' : 'bad'}`}>
            {known('supervisor.listener', state, state)}
          </span>
          {text && <p class="small">{text}</p>}
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
              <td>{serviceName(service)}</td>
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

function Conflicts({ conflicts }: { conflicts: UnitConflict[] }) {
  return (
    <Note kind="warn">
      {conflicts.map((one) => (
        <p key={`${one.unit} ${one.meter}`}>{t('supervisor.conflict', { ...one })}</p>
      ))}
    </Note>
  );
}

/** Which unit is whose; choosing one shows the registers of its points. */
function Units({ reply, current }: { reply: SupervisorReply; current: string }) {
  const row = (unit: number, text: string, below: string, meter: string) => (
    <li key={unit}>
      <a
        href={meter ? href('supervisor', [meter]) : href('supervisor')}
        aria-current={meter === current ? 'true' : undefined}
        data-unit={unit}
      >
        <b class="number">{unit}</b>
        <span>{text}</span>
        {below && <span class="small">{below}</span>}
      </a>
    </li>
  );
  const profiles = new Map(catalog.value?.meters.map(({ info }) => [info.value.name, info.value.title]));
  return (
    <>
      {reply.conflicts && reply.conflicts.length > 0 && <Conflicts conflicts={reply.conflicts} />}
      <ul class="units">
        {row(reply.points_unit, t('supervisor.allPoints'), '', '')}
        {reply.units.map(({ unit, meter, line }: SupervisorUnit) => {
          return row(unit, meter, profiles.get(meter) ?? line ?? '', meter);
        })}
      </ul>
      <p class="small">{t('supervisor.units.help')}</p>
    </>
  );
}

function Whole({ reply, asked }: { reply: SupervisorReply; asked: string }) {
  const meter = catalog.value?.meters.some(({ name }) => name === asked) ? asked : '';
  const choose = (name: string): void => go(name ? href('supervisor', [name]) : href('supervisor'));
  return (
    <>
      <Card title={t('supervisor.listeners')} class="listeners-card">
        <Listeners listeners={reply.listeners} />
      </Card>
      <Card title={t('supervisor.connections')} class="connections-card">
        <Connections connections={reply.connections} />
      </Card>
      <Card title={t('supervisor.units')} class="units-card">
        <Units reply={reply} current={meter} />
      </Card>
      <Registers reply={reply} meter={meter} onMeter={choose} />
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
      {reply && <Whole reply={reply} asked={route.rest[0] ?? ''} />}
    </div>
  );
}
