# SPDX-License-Identifier: Apache-2.0
"""Throw-away authorities and certificates, made by the openssl program."""

import pathlib
import subprocess

ROLE = "1.3.6.1.4.1.50316.802.1"


class Pki:
    """Files NAME.crt and NAME.key in a folder; ca.crt signs what has no other issuer."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.authority("ca")

    def crt(self, name):
        return self.folder / f"{name}.crt"

    def key(self, name):
        return self.folder / f"{name}.key"

    def _openssl(self, *args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)

    def _request(self, name, extensions, *more):
        config = self.folder / f"{name}.cnf"
        config.write_text("[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=e\n"
                          f"req_extensions=e\n[dn]\nCN={name}\n[e]\n" + "\n".join(extensions))
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-keyout", self.key(name), "-config", config, *more)
        self.key(name).chmod(0o600)
        return config

    def authority(self, name):
        self._request(name, ["basicConstraints=critical,CA:TRUE",
                             "keyUsage=critical,keyCertSign,cRLSign",
                             "subjectKeyIdentifier=hash"],
                      "-x509", "-days", "30", "-out", self.crt(name))

    def leaf(self, name, extensions, issuer="ca", expired=False):
        """Valid for 30 days from now, or until a day of 2020. By `openssl ca`, which takes dates
        in each version of OpenSSL: 3.5 refuses a negative number of days."""
        request = self.folder / f"{name}.csr"
        config = self._request(name, ["basicConstraints=critical,CA:FALSE", *extensions],
                               "-out", request)
        with open(config, "a", encoding="ascii") as more:
            more.write(f"\n[ca]\ndefault_ca=ca\ndatabase={self.folder}/index.txt\n"
                       f"new_certs_dir={self.folder}\ndefault_md=sha256\npolicy=any\n"
                       "unique_subject=no\nrand_serial=yes\n[any]\ncommonName=supplied\n")
        (self.folder / "index.txt").touch()
        dates = (["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"] if expired
                 else ["-days", "30"])
        self._openssl("ca", "-batch", "-notext", "-config", config,
                      "-cert", self.crt(issuer), "-keyfile", self.key(issuer), *dates,
                      "-in", request, "-extensions", "e", "-out", self.crt(name))

    def server(self, name, alt="IP:127.0.0.1,DNS:localhost", **more):
        self.leaf(name, ["extendedKeyUsage=serverAuth", f"subjectAltName={alt}"], **more)

    def client(self, name, role=None, **more):
        roles = [f"{ROLE}=ASN1:UTF8String:{role}"] if role is not None else []
        self.leaf(name, ["extendedKeyUsage=clientAuth", *roles], **more)
