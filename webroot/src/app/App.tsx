// SPDX-License-Identifier: Apache-2.0

import { useEffect } from 'preact/hooks';
import { catalog } from './model';
import { PAGES } from './pages';
import { route } from './router';
import { may, standing, startProblem, startSession } from './session';
import { Login } from '../pages/login/Login';
import { lazy } from '../ui/lazy';
import { t } from '../i18n';
import { Layout } from '../ui/Layout';
import { ProblemNote, Spinner } from '../ui/notices';

const Setup = lazy(() => import('../pages/setup/Setup'));

function useTitle(page: string): void {
  const site = catalog.value?.site.name ?? 'WEBVIEW-M';
  useEffect(() => {
    document.title = page ? `${page} – ${site}` : site;
  }, [page, site]);
}

function Inside() {
  const here = route.value;
  const pages = PAGES.filter((page) => may(page.permission));
  const page = pages.find((row) => row.name === here.page) ?? pages[0]!;
  const title = t(page.title);
  useTitle(here.rest[0] ?? title);
  return (
    <Layout pages={pages} current={page.name}>
      <page.view route={here} />
    </Layout>
  );
}

function Asking() {
  useTitle('');
  return (
    <main class="asking">
      {startProblem.value ? (
        <ProblemNote problem={startProblem.value} onRetry={() => void startSession()} />
      ) : (
        <Spinner text={t('wait.gateway')} />
      )}
    </main>
  );
}

export function App() {
  switch (standing.value) {
    case 'asking':
      return <Asking />;
    case 'out':
      return <Login />;
    case 'setup':
      return <Setup />;
    case 'in':
      return <Inside />;
  }
}
