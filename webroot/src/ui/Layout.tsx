// SPDX-License-Identifier: Apache-2.0

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { connection } from '../app/feed';
import { catalog } from '../app/model';
import type { PageRow } from '../app/pages';
import { href } from '../app/router';
import { logOut, session } from '../app/session';
import { isDark, theme } from '../app/theme';
import { second } from '../app/clock';
import { knownZone, written } from '../data/time';
import { locale, t } from '../i18n';
import { Banner } from './Banner';
import { IconButton } from './Button';
import { Icon, Logo } from './Icon';

/** As many as stand beside each other on a phone; the others come out on demand. */
const MOST_ON_PHONE = 4;

function Navigation({ pages, current }: { pages: PageRow[]; current: string }) {
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [current]);
  const rest = pages.slice(MOST_ON_PHONE);
  const isFurther = rest.some((page) => page.name === current);
  const way = (page: PageRow) => (
    <a key={page.name} href={href(page.name)} aria-current={page.name === current ? 'page' : undefined}>
      <Icon name={page.icon} />
      <span>{t(page.title)}</span>
    </a>
  );
  return (
    <nav
      class={`nav ${open ? 'is-open' : ''}`}
      aria-label={t('nav.main')}
      onKeyDown={(event) => event.key === 'Escape' && setOpen(false)}
    >
      {pages.slice(0, MOST_ON_PHONE).map(way)}
      <div class="nav-further" id="further">
        {rest.map(way)}
      </div>
      {rest.length > 0 && (
        <button
          type="button"
          class={`nav-more ${isFurther ? 'is-current' : ''}`}
          aria-expanded={open}
          aria-controls="further"
          onClick={() => setOpen(!open)}
        >
          <Icon name="more" />
          <span>{t('nav.more')}</span>
        </button>
      )}
    </nav>
  );
}

function Connection() {
  return (
    <span class={`link link-${connection.value}`} role="status" data-connection={connection.value}>
      <i class="dot" aria-hidden="true" />
      {t(`link.${connection.value}`)}
    </span>
  );
}

function SiteClock() {
  const zone = knownZone(catalog.value?.site.timezone ?? 'UTC');
  return <span class="clock">{written(second.value, 'clock', locale.value, zone)}</span>;
}

function Header() {
  return (
    <header class="top">
      <a class="top-brand" href={href('overview')} aria-label={t('nav.overview')}>
        <Logo size={28} />
      </a>
      <span class="top-site">{catalog.value?.site.name ?? ''}</span>
      <Connection />
      <SiteClock />
      <span class="top-user">{session.value?.user}</span>
      <IconButton
        icon={isDark.value ? 'sun' : 'moon'}
        label={t(isDark.value ? 'theme.toLight' : 'theme.toDark')}
        onClick={() => (theme.value = isDark.value ? 'light' : 'dark')}
      />
      <IconButton icon="logout" label={t('action.logOut')} onClick={() => void logOut()} />
    </header>
  );
}

interface LayoutProps {
  pages: PageRow[];
  current: string;
  children: ComponentChildren;
}

export function Layout({ pages, current, children }: LayoutProps) {
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // Who changes the page by keyboard or screen reader goes on in the new page, not in the navigation.
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
    main.current?.scrollTo(0, 0);
    scrollTo(0, 0);
  }, [current]);
  const skip = (event: Event): void => {
    event.preventDefault();
    main.current?.focus();
  };
  return (
    <div class={`shell ${connection.value === 'lost' ? 'is-lost' : ''}`}>
      <a class="skip" href="#main" onClick={skip}>
        {t('nav.skip')}
      </a>
      <aside class="rail">
        <div class="brand">
          <Logo />
          <span>
            WEBVIEW<b>-M</b>
          </span>
        </div>
        <Navigation pages={pages} current={current} />
      </aside>
      <Header />
      <main id="main" ref={main} tabIndex={-1}>
        <Banner />
        {children}
      </main>
    </div>
  );
}
