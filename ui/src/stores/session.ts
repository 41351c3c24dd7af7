import { defineStore } from 'pinia';
import { computed, ref } from 'vue';

import * as account from '@/api/account';
import { ApiError, setCsrfToken, whenLoginEnds } from '@/api/http';
import type { Me, Role, User } from '@/contract/people';
import { may, type Permission } from '@/domain/permission';

/** Before a token ends, the next one is asked for. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** More milliseconds than that, no timer takes. */
const LONGEST_TIMER_MS = 86_400_000;

export const useSession = defineStore('session', () => {
  const user = ref<User | null>(null);
  const expiresAt = ref<number | null>(null);
  /** The session has ended without a logout by the user. */
  const ended = ref(false);
  /** All that the daemon says about the reader; null until it was asked after a login. */
  const me = ref<Me | null>(null);
  const known = ref(false);
  /** The daemon did not accept what the reader came with. */
  const refused = ref(false);
  /** The role needs two-factor authentication: until it is set up, nothing else may be done. */
  const needsFactor = ref(false);
  const role = computed<Role>(() => (needsFactor.value ? 'anonymous' : (user.value?.role ?? 'anonymous')));
  let renewal: number | undefined;

  /** A session in use goes on: its next token comes in time, as long as somebody sees the page. */
  function renewInTime(): void {
    window.clearTimeout(renewal);
    if (expiresAt.value === null) return;
    renewal = window.setTimeout(() => void renew(), Math.min(Math.max(expiresAt.value - Date.now() - RENEW_BEFORE_MS, RENEW_BEFORE_MS / 10), LONGEST_TIMER_MS));
  }

  async function renew(): Promise<void> {
    const before = expiresAt.value;
    if (before === null || before <= Date.now()) return;
    if (!document.hidden && before - Date.now() <= RENEW_BEFORE_MS) {
      try {
        const answer = await account.renew();
        expiresAt.value = answer.expires_at ?? null;
        setCsrfToken(answer.csrf_token);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
      }
      // The session's own end has come near.
      if (expiresAt.value === null || expiresAt.value <= before) return;
    }
    renewInTime();
  }

  function forget(): void {
    user.value = null;
    me.value = null;
    expiresAt.value = null;
    needsFactor.value = false;
    window.clearTimeout(renewal);
    setCsrfToken(null);
  }

  whenLoginEnds(() => {
    ended.value = ended.value || user.value !== null;
    forget();
  });

  /** Asked once, before the first page is shown. */
  async function restore(): Promise<void> {
    try {
      const found = await account.whoAmI();
      me.value = found;
      user.value = { email: found.email, role: found.role };
      expiresAt.value = found.expires_at ?? null;
      needsFactor.value = found.totp_setup_required === true;
      renewInTime();
      setCsrfToken(found.csrf_token ?? null);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      refused.value = error.status === 401;
      forget();
    } finally {
      known.value = true;
    }
  }

  async function login(email: string, password: string, totp: string): Promise<void> {
    const answer = await account.login(email, password, totp);
    user.value = answer.user;
    expiresAt.value = answer.expires_at ?? null;
    needsFactor.value = answer.totp_setup_required === true;
    renewInTime();
    setCsrfToken(answer.csrf_token);
    ended.value = false;
  }

  async function logout(): Promise<void> {
    try {
      await account.logout();
    } finally {
      forget();
    }
  }

  /** Users can always reach their own account. */
  const allows = (permission: Permission): boolean => may(role.value, permission) || (needsFactor.value && permission === 'me');

  return { user, me, role, needsFactor, expiresAt, ended, known, refused, restore, login, logout, allows };
});
