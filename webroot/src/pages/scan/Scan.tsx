// SPDX-License-Identifier: Apache-2.0
// What hangs on a line? Ask every address, and add what answers.

import { useEffect } from 'preact/hooks';
import { isAttended } from '../../app/activity';
import { lines } from '../../app/model';
import { href, replace, type Route } from '../../app/router';
import { readScans, scans, scansProblem } from '../../app/scans';
import { may } from '../../app/session';
import { t } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { EmptyState, Note, ProblemNote, Spinner } from '../../ui/notices';
import { Progress } from './Progress';
import { Results } from './Results';
import { ScanForm } from './ScanForm';

const REREAD_MS = 3000;

/** The stream tells of progress; a reading now and then makes good what it may have missed. */
function useScans(): void {
  useEffect(() => {
    void readScans();
    const isRunning = (): boolean => scans.peek()?.some((scan) => scan.state === 'running') ?? false;
    const timer = setInterval(() => isAttended() && isRunning() && void readScans(), REREAD_MS);
    return () => clearInterval(timer);
  }, []);
}

function One({ name }: { name: string }) {
  const scan = scans.value?.find((one) => one.line === name);
  const choose = (line: string): void => replace(href('bus', ['scan'], new URLSearchParams({ line })));
  return (
    <>
      <ScanForm line={name} onLine={choose} isRunning={scan?.state === 'running'} wasRun={Boolean(scan)} />
      {scan ? (
        <>
          <Progress scan={scan} />
          {scan.state === 'failed' && scan.text && <Note kind="warn">{scan.text}</Note>}
          <Results key={`${scan.line} ${scan.started}`} scan={scan} />
        </>
      ) : (
        <EmptyState icon="search" title={t('scan.none')}>
          {t('scan.none.help')}
        </EmptyState>
      )}
    </>
  );
}

export default function ScanPage({ route }: { route: Route }) {
  useScans();
  const all = lines.value;
  const running = scans.value?.find((scan) => scan.state === 'running')?.line;
  const asked = route.query.get('line') ?? running ?? scans.value?.[0]?.line;
  const line = all.find((one) => one.name === asked) ?? all[0];
  return (
    <div class="page scan-page">
      <header>
        <a class="back" href={href('bus')}>
          <Icon name="left" size={16} />
          {t('nav.bus')}
        </a>
        <h1>{t('scan.title')}</h1>
        <p class="small">{t('scan.lead')}</p>
      </header>
      {scansProblem.value && (
        <ProblemNote problem={scansProblem.value} onRetry={() => void readScans()} />
      )}
      {!line || !may('configure') ? (
        <EmptyState icon="bus" title={t('line.none')}>
          {t('scan.noLine.help')}
        </EmptyState>
      ) : scans.value === null ? (
        !scansProblem.value && <Spinner />
      ) : (
        <One key={line.name} name={line.name} />
      )}
    </div>
  );
}
