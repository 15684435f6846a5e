// SPDX-License-Identifier: Apache-2.0
// What a scan found, and the meters that it would become.

import { useId, useMemo, useState } from 'preact/hooks';
import type { Found, Scan } from '../../app/fieldbus';
import { catalog, lines } from '../../app/model';
import type { Value } from '../../data/change';
import { addMeters, candidatesOf, entryOf, faultOf, serialOf, takeSerial } from '../../data/scan';
import type { Candidate } from '../../data/scan';
import { counted, t } from '../../i18n';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { ChangeDialog } from '../../ui/ChangeDialog';
import { EmptyState, Note } from '../../ui/notices';
import { profileNames, ProfileList } from '../../ui/ProfileList';
import { FoundRows } from './FoundRows';

type Edits = Record<string, Partial<Candidate>>;

/** Where the answers came at other settings than the line's: those of the first. */
function otherSettings(scan: Scan): string | null {
  const line = lines.value.find((one) => one.name === scan.line);
  if (line?.kind !== 'serial') return null;
  const settings = scan.found.find((one) => one.state === 'found')?.settings;
  return settings && serialOf(settings) && !line.address.endsWith(settings) ? settings : null;
}

function Head() {
  return (
    <thead>
      <tr>
        <th scope="col">{t('scan.column.add')}</th>
        <th scope="col" class="c-unit">
          {t('column.unit')}
        </th>
        <th scope="col">{t('scan.column.what')}</th>
        <th scope="col">{t('scan.column.serial')}</th>
        <th scope="col">{t('scan.column.name')}</th>
        <th scope="col">{t('scan.column.profile')}</th>
        <th scope="col">{t('scan.column.every')}</th>
      </tr>
    </thead>
  );
}

interface TableProps {
  found: Found[];
  candidates: Candidate[];
  taken: Set<string>;
  list: string;
  onEdit: (key: string, edit: Partial<Candidate>) => void;
}

function Table({ found, candidates, taken, list, onEdit }: TableProps) {
  return (
    <div class="scroll" role="group" aria-label={t('scan.column.what')} tabIndex={0}>
      <table class="table scan-table">
        <caption class="unseen">{t('scan.title')}</caption>
        <Head />
        {found.map((unit) => (
          <tbody key={`${unit.unit} ${unit.settings}`}>
            <FoundRows
              found={unit}
              candidates={candidates.filter((one) => one.unit === unit.unit)}
              faultOf={(one) => (one.ticked ? faultOf(one, candidates, taken) : null)}
              list={list}
              onEdit={onEdit}
            />
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Nothing({ running }: { running: boolean }) {
  return (
    <EmptyState icon="search" title={t(running ? 'scan.empty' : 'scan.empty.done')}>
      {running ? t('scan.lead') : t('scan.empty.help')}
    </EmptyState>
  );
}

export function Results({ scan }: { scan: Scan }) {
  const [edits, setEdits] = useState<Edits>({});
  const [change, setChange] = useState<'meters' | 'lines' | null>(null);
  const [done, setDone] = useState('');
  const list = useId();
  const candidates = useMemo(
    () => candidatesOf(scan.found).map((one) => ({ ...one, ...edits[one.key] })),
    [scan.found, edits],
  );
  const names = catalog.value?.meters.map((meter) => meter.name) ?? [];
  const taken = new Set(names);
  const chosen = candidates.filter((one) => one.ticked);
  const isSound = chosen.every((one) => faultOf(one, candidates, taken) === null);
  const settings = otherSettings(scan);
  const proposed = scan.found.flatMap(({ proposals }) => proposals.map(({ profile }) => profile));

  const onEdit = (key: string, edit: Partial<Candidate>): void => {
    setEdits((old) => ({ ...old, [key]: { ...old[key], ...edit } }));
    setDone('');
  };
  const add = (section: Value): Value => {
    return addMeters(
      section,
      chosen.map((one) => entryOf(scan.line, one)),
    );
  };
  const onDone = (said: string): void => {
    setChange(null);
    setDone(said);
    // They are there now: nobody adds them twice.
    if (change === 'meters') for (const one of chosen) onEditTicked(one.key);
  };
  const onEditTicked = (key: string): void =>
    setEdits((old) => ({ ...old, [key]: { ...old[key], ticked: false } }));

  return (
    <Card title={t('scan.results', { line: scan.line })} class="flush scan-results">
      <ProfileList id={list} names={profileNames(proposed)} />
      {settings && (
        <div class="scan-settings">
          <Note kind="warn">{t('scan.settings.differ', { settings })}</Note>
          <Button onClick={() => setChange('lines')}>{t('scan.take', { settings })}</Button>
        </div>
      )}
      {scan.found.length === 0 ? (
        <Nothing running={scan.state === 'running'} />
      ) : (
        <>
          <Table found={scan.found} candidates={candidates} taken={taken} list={list} onEdit={onEdit} />
          <div class="buttons scan-add">
            {done && <Note kind="good">{done}</Note>}
            <Button
              kind="primary"
              icon="plus"
              disabled={chosen.length === 0 || !isSound}
              onClick={() => setChange('meters')}
            >
              {chosen.length === 0 ? t('scan.add.none') : counted('scan.add', chosen.length)}
            </Button>
          </div>
        </>
      )}
      {change === 'meters' && (
        <ChangeDialog
          title={t('change.add')}
          section="meters"
          change={add}
          onDone={() => onDone(counted('scan.added', chosen.length))}
          onClose={() => setChange(null)}
        />
      )}
      {change === 'lines' && settings && (
        <ChangeDialog
          title={t('change.line')}
          section="lines"
          change={(section) => takeSerial(section, scan.line, serialOf(settings)!)}
          onDone={() => onDone(t('scan.taken', { settings }))}
          onClose={() => setChange(null)}
        />
      )}
    </Card>
  );
}
