"""Signed PDFs: PAdES and adbe.pkcs7.detached, on pyHanko's object model."""
