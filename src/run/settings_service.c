/* SPDX-License-Identifier: MIT */
/* settings_service.c - the service files, and what the configuration says of each service. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "edge/trust.h"
#include "mcp/catalog.h"
#include "run/settings_part.h"

static int	load_files(struct settings *, char *, size_t);
static int	load_trusts(struct settings *, char *, size_t);
static int	load_inflight(struct settings *, char *, size_t);

extern char **environ;

static const char *const service_keys[] = {
	"base_url", "ca_file", "token_file", "max_inflight", "overlay",
};

int
settings_load_services(struct settings *s, char *why, size_t whylen)
{
	return load_files(s, why, whylen) == -1 || load_trusts(s, why, whylen) == -1 ? -1 :
	    load_inflight(s, why, whylen);
}

/* The environment variable of a service's key. */
static void
service_variable(char *out, size_t len, const char *name, const char *key)
{
	size_t i;

	snprintf(out, len, SETTINGS_ENV_SERVICE "%s_%s", name, key);
	for (i = 0; out[i] != '\0'; i++)
		out[i] = strchr("-.", out[i]) != NULL ? '_' :
		    (char)toupper((unsigned char)out[i]);
}

/* What the configuration says of a service: the environment first, then the file. */
static const char *
service_key(const struct settings *s, const char *name, const char *key)
{
	char text[256];
	const char *value;

	service_variable(text, sizeof text, name, key);
	value = getenv(text);
	if (value != NULL)
		return value;
	snprintf(text, sizeof text, "%s.%s", name, key);
	return conf_pair(&s->service, text);
}

static const char *
service_value(void *arg, const char *name, const char *key)
{
	char text[256];

	snprintf(text, sizeof text, "values.%s", key);
	return service_key(arg, name, text);
}

static void
service_settings(void *arg, const char *name, struct service_settings *out)
{
	struct settings *s = arg;

	out->value = service_value;
	out->arg = s;
	out->base_url = service_key(s, name, "base_url");
	out->ca_file = service_key(s, name, "ca_file");
	out->token_file = service_key(s, name, "token_file");
	out->overlay = service_key(s, name, "overlay");
}

/* Whether `text` is what `make` makes of some service's name and some key. */
static bool
is_service_key(const struct settings *s, const char *text, size_t len,
    void (*make)(char *, size_t, const char *, const char *))
{
	const struct service *service;
	const cJSON *value;
	char known[256], key[256];
	size_t i, k;

	for (i = 0; i < s->catalog.nservices; i++) {
		service = &s->catalog.services[i];
		for (k = 0; k < sizeof service_keys / sizeof service_keys[0]; k++) {
			make(known, sizeof known, service->name, service_keys[k]);
			if (strlen(known) == len && strncmp(known, text, len) == 0)
				return true;
		}
		cJSON_ArrayForEach(value, service->values) {
			snprintf(key, sizeof key, "values.%s", value->string);
			make(known, sizeof known, service->name, key);
			if (strlen(known) == len && strncmp(known, text, len) == 0)
				return true;
		}
	}
	return false;
}

static void
service_line(char *out, size_t len, const char *name, const char *key)
{
	snprintf(out, len, "%s.%s", name, key);
}

/* A key or variable of no loaded service, or one that is no key, would be ignored in silence. */
static int
check_service_keys(const struct settings *s, char *why, size_t whylen)
{
	static const char mend[] = "no service in \"services\" has this name, or the key is not "
	    "base_url, ca_file, token_file, max_inflight, overlay or values.KEY of the file";
	const char *text;
	size_t i;

	for (i = 0; i < s->service.count; i++) {
		text = s->service.items[i].key;
		if (!is_service_key(s, text, strlen(text), service_line)) {
			snprintf(why, whylen, "service.%s: %s", text, mend);
			return -1;
		}
	}
	for (i = 0; environ[i] != NULL; i++) {
		text = environ[i];
		if (strncmp(text, SETTINGS_ENV_SERVICE, strlen(SETTINGS_ENV_SERVICE)) == 0 &&
		    !is_service_key(s, text, strcspn(text, "="), service_variable)) {
			snprintf(why, whylen, "environment variable %.*s: %s",
			    (int)strcspn(text, "="), text, mend);
			return -1;
		}
	}
	return 0;
}

static int
load_files(struct settings *s, char *why, size_t whylen)
{
	struct service *services;
	size_t i, k, count = s->services.count;

	if (count == 0 || count > LIMIT_SERVICES) {
		snprintf(why, whylen, "services: name 1 to %d service files", LIMIT_SERVICES);
		return -1;
	}
	services = calloc(count, sizeof *services);
	if (services == NULL) {
		snprintf(why, whylen, "out of memory");
		return -1;
	}
	for (i = 0; i < count; i++)
		if (service_load(&services[i], s->services.items[i], service_settings, s, why,
		    whylen) == -1) {
			for (k = 0; k <= i; k++)
				service_finish(&services[k]);
			free(services);
			return -1;
		}
	if (catalog_init(&s->catalog, services, count, why, whylen) == -1)
		return -1;
	return check_service_keys(s, why, whylen);
}

static bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Services that believe the same file share what is loaded of it. */
static int
load_trusts(struct settings *s, char *why, size_t whylen)
{
	const struct service *services = s->catalog.services;
	char reason[768];
	size_t i, k;

	s->trusts = calloc(s->catalog.nservices, sizeof *s->trusts);
	s->strangers = calloc(s->catalog.nservices, sizeof *s->strangers);
	if (s->trusts == NULL || s->strangers == NULL) {
		snprintf(why, whylen, "out of memory");
		return -1;
	}
	for (i = 0; i < s->catalog.nservices; i++) {
		for (k = 0; k < i && (services[i].certificate_file != NULL ||
		    services[k].certificate_file != NULL ||
		    !is_same(services[k].ca_file, services[i].ca_file)); k++)
			;
		s->trusts[i] = k < i ? trust_share(s->trusts[k]) :
		    trust_load(services[i].ca_file, reason, sizeof reason);
		if (s->trusts[i] != NULL && services[i].certificate_file != NULL &&
		    trust_identify(s->trusts[i], services[i].certificate_file,
		    services[i].key_file, reason, sizeof reason) == -1) {
			snprintf(why, whylen, "service %s: %s", services[i].name, reason);
			return -1;
		}
		if (s->trusts[i] == NULL) {
			snprintf(why, whylen, "service %s: ca_file: %s", services[i].name, reason);
			return -1;
		}
		s->strangers[i] = services[i].certificate_file == NULL ?
		    trust_share(s->trusts[i]) :
		    trust_load(services[i].ca_file, reason, sizeof reason);
		if (s->strangers[i] == NULL) {
			snprintf(why, whylen, "service %s: ca_file: %s", services[i].name, reason);
			return -1;
		}
	}
	return 0;
}

static int
load_inflight(struct settings *s, char *why, size_t whylen)
{
	const struct service *service;
	const char *text;
	char *end;
	size_t i;

	s->service_inflight = calloc(s->catalog.nservices, sizeof *s->service_inflight);
	if (s->service_inflight == NULL) {
		snprintf(why, whylen, "out of memory");
		return -1;
	}
	for (i = 0; i < s->catalog.nservices; i++) {
		service = &s->catalog.services[i];
		text = service_key(s, service->name, "max_inflight");
		if (text == NULL)
			continue;
		s->service_inflight[i] = strtoll(text, &end, 10);
		if (end == text || *end != '\0' || s->service_inflight[i] < 1 ||
		    s->service_inflight[i] > 100000) {
			snprintf(why, whylen, "service.%s.max_inflight = %s: must be 1 to 100000",
			    service->name, text);
			return -1;
		}
	}
	return 0;
}

int64_t
settings_service_inflight(const struct settings *s, const struct service *service)
{
	return s->service_inflight[service - s->catalog.services];
}

const struct trust *
settings_trust(const struct settings *s, const struct service *service)
{
	return s->trusts[service - s->catalog.services];
}

const struct trust *
settings_trust_given(const struct settings *s, const struct service *service)
{
	return s->strangers[service - s->catalog.services];
}
