// SPDX-License-Identifier: Apache-2.0

import { useState } from 'preact/hooks';
import { asProblem, type Problem } from '../../app/api';
import type { Scan } from '../../app/fieldbus';
import { cancelScan } from '../../app/scans';
import { counted, t } from '../../i18n';
import { Button } from '../../ui/Button';
import { ProblemNote } from '../../ui/notices';

export function Progress({ scan }: { scan: Scan }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const isRunning = scan.state === 'running';
  const cancel = async (): Promise<void> => {
    setBusy(true);
    setProblem(null);
    await cancelScan(scan.line).catch((error) => setProblem(asProblem(error)));
    setBusy(false);
  };
  return (
    <section class="card scan-progress" aria-label={t('scan.progress')} data-scan={scan.state}>
      <div class="scan-bar">
        <progress max={Math.max(scan.total, 1)} value={scan.done} aria-label={t('scan.progress')} />
        <p>
          <b>{t(`scan.state.${scan.state}`)}</b>
          <span class="number">{t('scan.units.done', { done: scan.done, total: scan.total })}</span>
          {scan.settings && <span>{t('scan.with', { settings: scan.settings })}</span>}
        </p>
        {/* What was found is said to those who listen; each single step is not. */}
        <p role="status">{counted('scan.found', scan.found.length)}</p>
      </div>
      {isRunning && (
        <Button icon="close" busy={busy} onClick={() => void cancel()}>
          {t('scan.cancel')}
        </Button>
      )}
      {problem && <ProblemNote problem={problem} />}
    </section>
  );
}
