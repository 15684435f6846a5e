// SPDX-License-Identifier: Apache-2.0

import { useState } from 'preact/hooks';
import { asProblem, type Problem } from '../../app/api';
import { lines } from '../../app/model';
import { startScan } from '../../app/scans';
import { countUnits, SERIAL_UNITS, TCP_UNITS } from '../../data/scan';
import { t } from '../../i18n';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Check } from '../../ui/Check';
import { Choice } from '../../ui/Choice';
import { Field } from '../../ui/Field';
import { ProblemNote } from '../../ui/notices';

const ALL_UNITS = '1-247';

interface ScanFormProps {
  line: string;
  onLine: (line: string) => void;
  isRunning: boolean;
  wasRun: boolean;
}

export function ScanForm({ line, onLine, isRunning, wasRun }: ScanFormProps) {
  const [units, setUnits] = useState(ALL_UNITS);
  const [identify, setIdentify] = useState(true);
  const [search, setSearch] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const kind = lines.value.find((one) => one.name === line)?.kind;
  const isSerial = kind === 'serial';
  const isValid = countUnits(units, kind === 'tcp' ? TCP_UNITS : SERIAL_UNITS) !== null;

  const start = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!isValid || busy || isRunning) return;
    setBusy(true);
    setProblem(null);
    try {
      const wish = { line, units: units.replace(/\s/g, ''), identify };
      await startScan(search && isSerial ? { ...wish, search } : wish);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Card title={t('scan.title')}>
      <form class="scan-form" onSubmit={(event) => void start(event)} noValidate>
        <div class="row-form">
          <Choice
            label={t('scan.line')}
            value={line}
            options={lines.value.map(({ name, address }) => ({ value: name, text: `${name} (${address})` }))}
            onChange={onLine}
          />
          <Field
            label={t('scan.units')}
            name="units"
            value={units}
            onInput={setUnits}
            autocomplete="off"
            readOnly={isRunning}
            error={isValid ? undefined : t('scan.units.bad')}
          >
            {isValid && t('scan.units.help')}
          </Field>
        </div>
        <Check label={t('scan.identify')} checked={identify} disabled={isRunning} onChange={setIdentify}>
          {t('scan.identify.help')}
        </Check>
        {isSerial && (
          <Check label={t('scan.search')} checked={search} disabled={isRunning} onChange={setSearch}>
            {t('scan.search.help')}
          </Check>
        )}
        {problem && <ProblemNote problem={problem} />}
        <div class="buttons">
          <Button kind="primary" type="submit" icon="search" busy={busy} disabled={isRunning}>
            {t(wasRun && !isRunning ? 'scan.again' : 'scan.start')}
          </Button>
        </div>
      </form>
    </Card>
  );
}
