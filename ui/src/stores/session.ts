import { defineStore } from 'pinia';
import { computed, ref } from 'vue';

import * as account from '@/api/account';
import { ApiError, setCsrfToken, whenLoginEnds } from '@/api/http';
import type { Me, Role, User } from '@/contract/people';
import { may, type Permission } from '@/domain/permission';

export const useSession = defineStore('session', () => {
  const user = ref<User | null>(null);
  const expiresAt = ref<number | null>(null);
  /** Somebody was logged in and is not any more, without having asked for it. */
  const ended = ref(false);
  /** All that the daemon says about the reader; null until it was asked after a login. */
  const me = ref<Me | null>(null);
  const known = ref(false);
  const role = computed<Role>(() => user.value?.role ?? 'anonymous');

  function forget(): void {
    user.value = null;
    me.value = null;
    expiresAt.value = null;
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
      setCsrfToken(found.csrf_token ?? null);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      forget();
    } finally {
      known.value = true;
    }
  }

  async function login(email: string, password: string, totp: string): Promise<void> {
    const answer = await account.login(email, password, totp);
    user.value = answer.user;
    expiresAt.value = answer.expires_at ?? null;
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

  const allows = (permission: Permission): boolean => may(role.value, permission);

  return { user, me, role, expiresAt, ended, known, restore, login, logout, allows };
});
