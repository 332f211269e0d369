"""What to do about a signing certificate that is refused, by the reason, and by the CRLReason where that matters."""

from __future__ import annotations

from collections.abc import Mapping

_NEW_ONE = (
    "A new one is issued at the municipal office; for one of another CA, ask that CA",
    "新しい証明書の発行は市区町村の窓口で受けられます。他の認証局の証明書は、その認証局にご相談ください",
)
_RENEW = (
    "Have it renewed at the municipal office; one of another CA, by that CA",
    "市区町村の窓口で更新してください。他の認証局の証明書は、その認証局にご相談ください",
)

CERTIFICATE_REMEDIES: Mapping[str, tuple[str, str]] = {
    "signer-expired": _RENEW,
    "ca-expired": _RENEW,
    "signer-not-yet-valid": (
        "Sign once it is valid; if it should be already, set this computer's clock right",
        "有効期間に入ってから署名してください。既に有効なはずであれば、パソコンの時計を確認してください",
    ),
    "ca-not-yet-valid": (
        "Set this computer's clock right, if that is what is wrong",
        "パソコンの時計が正しいか確認してください",
    ),
    "revoked": _NEW_ONE,
    "revoked.affiliationChanged": (
        "That is what a move or a change of name or address does. A new one is issued at the municipal office",
        "転居や氏名・住所などの変更で自動的に失効します。市区町村の窓口で新しい証明書の発行を受けてください",
    ),
    "revoked.superseded": (
        "Use the newer one that took its place",
        "更新・再発行後の新しい証明書をお使いください",
    ),
    "on-hold": (
        "If the card was found again, have the hold lifted where the loss was reported; else have a new one issued",
        "カードが見つかった場合は、届け出た窓口で一時停止の解除を受けてください。見つからない場合は再発行を受けてください",
    ),
    "ca-revoked": (
        "No certificate of this CA can be used; ask the CA",
        "この認証局の証明書は使用できません。認証局にご確認ください",
    ),
    "wrong-kind": (
        "Use the signature certificate (its password has 6 to 16 letters and digits), not the one for user authentication (4 digits)",
        "利用者証明用(暗証番号4桁)ではなく、署名用電子証明書(英数字6〜16文字のパスワード)をお使いください",
    ),
    "revocation-not-checked": (
        "Name a CRL (--crl) or a responder (--ocsp-url); or go on without, on your own decision (--revocation warn)",
        "CRL(--crl)またはOCSP(--ocsp-url)を指定するか、未確認のままでよいと判断する場合は--revocation warnを指定してください",
    ),
}
